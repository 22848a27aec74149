package recorded

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bellpull/bellpull/internal/campuswire"
)

//go:embed campus.zip
var campus []byte

// A CampusSession is one recording of dotnetCampus.Ipc. Everything in it is a copy that belongs to the caller.
type CampusSession struct {
	Name    string
	Library string
	Runtime string
	Peers   map[Side]string   // their names; the peer gamma is written by hand, all others are .NET processes
	Args    map[Side][]string // what their programs were told
	About   string
	Steps   []Step // in the order they were seen
}

// A Pipe is one of the one-way connections of a session.
type Pipe struct {
	From Side   // who dialled it, and writes to it
	To   string // who was dialled: a side, or the second pipe of one, "b.mvc"
	N    int    // counts the pipes of that direction from 1
}

func (p Pipe) String() string { return fmt.Sprintf("%s>%s %d", p.From, p.To, p.N) }

// A Step is something that the relay saw.
type Step struct {
	Pipe  Pipe   // the zero Pipe for a note that is about no pipe
	Bytes []byte // what came
	Open  bool   // the pipe was dialled
	EOF   bool   // its writer ended it
	Note  string // a command, its result, or an event of a peer
}

// CampusSessions gives all sessions of dotnetCampus.Ipc, by name.
func CampusSessions() ([]CampusSession, error) { return all(campus, parseCampus) }

// LoadCampus gives one session of dotnetCampus.Ipc, or [ErrNoSession].
func LoadCampus(name string) (CampusSession, error) { return one(campus, name, parseCampus) }

// parseCampus reads the JSON lines of a session.
func parseCampus(data []byte) (CampusSession, error) {
	var head struct {
		Session, Library, Runtime, A, B, About string
		Args                                   map[Side][]string
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&head); err != nil {
		return CampusSession{}, err
	}
	s := CampusSession{
		Name: head.Session, Library: head.Library, Runtime: head.Runtime, About: head.About, Args: head.Args,
		Peers: map[Side]string{A: head.A, B: head.B},
	}
	for {
		var line struct {
			Conn, Event, Hex, Note string
			N, Fill, Seed          int
			Reverse                bool
		}
		if err := d.Decode(&line); err == io.EOF {
			return s, nil
		} else if err != nil {
			return CampusSession{}, err
		}
		if line.Reverse {
			return CampusSession{}, fmt.Errorf("bytes against the direction of %s", line.Conn)
		}
		x := Step{Note: line.Note, Open: line.Event == "open", EOF: line.Event == "eof"}
		if line.Conn != "" {
			from, to, _ := strings.Cut(line.Conn, ">")
			x.Pipe = Pipe{From: Side(from), To: to, N: max(line.N, 1)}
		}
		var err error
		if x.Bytes, err = hex.DecodeString(line.Hex); err != nil {
			return CampusSession{}, err
		}
		if line.Fill > 0 {
			x.Bytes = pattern(line.Fill, line.Seed)
		}
		s.Steps = append(s.Steps, x)
	}
}

// pattern gives the bytes that stand for a long body: they are not in the archive.
func pattern(n, seed int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed + i*31 + i>>8*7)
	}
	return b
}

// Dotnet reports whether a .NET process wrote the bytes of a side.
func (s *CampusSession) Dotnet(side Side) bool { return s.Peers[side] != "gamma" }

// Dialect gives the JSON engine of a side.
func (s *CampusSession) Dialect(side Side) campuswire.Dialect {
	args := s.Args[side]
	if i := slices.Index(args, "--json"); i >= 0 && i+1 < len(args) {
		if d, ok := campuswire.DialectOf(args[i+1]); ok {
			return d
		}
	}
	return campuswire.STJ
}

// A PipeStream is all that was written to one pipe.
type PipeStream struct {
	Pipe Pipe
	Data []byte
	EOF  bool
}

// Streams gives what was written to each pipe, in the order in which they were dialled.
func (s *CampusSession) Streams() []PipeStream {
	var list []PipeStream
	for _, x := range s.Steps {
		if x.Pipe == (Pipe{}) {
			continue
		}
		i := slices.IndexFunc(list, func(y PipeStream) bool { return y.Pipe == x.Pipe })
		if i < 0 {
			i = len(list)
			list = append(list, PipeStream{Pipe: x.Pipe})
		}
		list[i].Data = append(list[i].Data, x.Bytes...)
		list[i].EOF = list[i].EOF || x.EOF
	}
	return list
}
