package recorded

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
)

//go:embed dmtp.zip
var dmtp []byte

// A Side is one end of the connections of a session.
type Side string

// The sides.
const (
	A Side = "a" // the one that dialled
	B Side = "b" // the one that was dialled
)

// A Session is one recording. Everything in it is a copy that belongs to the caller.
type Session struct {
	Name      string
	Library   string          // name and version of what ran on the two sides
	Transport string          // "tcp", "http", "ws" or "udp"
	Roles     map[Side]string // "dial" and "serve" are .NET processes, "hand-written" is not
	About     string
	Chunks    []Chunk // in the order they were seen
}

// A Chunk is some bytes, an end, or a note.
type Chunk struct {
	From  Side // "" for a note
	Conn  int  // counts the connections of the session from 1
	Bytes []byte
	EOF   bool   // From ended its direction of Conn
	Note  string // what caused the chunks behind it
}

// Sessions gives all sessions, by name.
func Sessions() ([]Session, error) { return all(dmtp, parse) }

// Load gives one session, or [ErrNoSession].
func Load(name string) (Session, error) { return one(dmtp, name, parse) }

// parse reads the JSON lines of a session.
func parse(data []byte) (Session, error) {
	var head struct {
		Session, Library, Transport, A, B, About string
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&head); err != nil {
		return Session{}, err
	}
	s := Session{
		Name: head.Session, Library: head.Library, Transport: head.Transport, About: head.About,
		Roles: map[Side]string{A: head.A, B: head.B},
	}
	for {
		var line struct {
			From Side
			Conn int
			Hex  string
			EOF  bool
			Note string
		}
		if err := d.Decode(&line); err == io.EOF {
			return s, nil
		} else if err != nil {
			return Session{}, err
		}
		c := Chunk{From: line.From, EOF: line.EOF, Note: line.Note}
		if c.From != "" {
			c.Conn = max(line.Conn, 1)
		}
		var err error
		if c.Bytes, err = hex.DecodeString(line.Hex); err != nil {
			return Session{}, err
		}
		s.Chunks = append(s.Chunks, c)
	}
}

// Dotnet reports whether a .NET process wrote the bytes of a side.
func (s *Session) Dotnet(side Side) bool { return s.Roles[side] != "hand-written" }

// version gives the version of the library on a side. Library is "NAME VERSION", or "a: NAME VERSION, b: NAME VERSION".
func (s *Session) version(side Side) string {
	for part := range strings.SplitSeq(s.Library, ", ") {
		if name, lib, two := strings.Cut(part, ": "); !two || Side(name) == side {
			if two {
				part = lib
			}
			return part[strings.LastIndexByte(part, ' ')+1:]
		}
	}
	return ""
}
