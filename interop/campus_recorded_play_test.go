package interop_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull/internal/recorded"
)

// recPlay is a recorded session on its way: one side is a node of ours, the other does what its process did.
type recPlay struct {
	t    *testing.T
	s    recorded.CampusSession
	us   recorded.Side
	them recorded.Side
	mode string
	odd  []*recOdd // where we differ from the recording

	app     *recApp
	dir     string
	servers map[string]*net.UnixListener // of the script, by name
	pipes   map[recorded.Pipe]*recPipe
	expect  []recWant // all that .NET wrote and we have to write, in order
	next    int       // of expect
	runs    []*recRun // commands of ours that .NET's result was not compared with yet

	asked   map[uint64]recAsk // requests of the script, by their number
	ids     map[uint64]uint64 // numbers of .NET's requests, and those that ours have
	dropped map[uint64]bool   // numbers of .NET's requests that we do not make
	objects map[string]string // ids of .NET's objects, and those that ours have
	acks    map[uint64]bool
	exact   int // frames that were equal to the byte
	frames  int // frames that were compared
	results int // results of commands that were compared
}

// recPipe is one pipe of a session.
type recPipe struct {
	*net.UnixConn
	rest  []byte                 // of a chunk that ended inside a frame
	early []recorded.CampusFrame // read before .NET wrote as much
	ack   uint64
}

// recWant is a frame that .NET wrote.
type recWant struct {
	pipe recorded.Pipe
	f    recorded.CampusFrame
	met  bool
}

// play goes through the steps.
func (p *recPlay) play() {
	p.prepare()
	if !p.hasNote("which does not run yet") {
		p.start(p.us)
		p.start(p.them)
	} else {
		p.start(recorded.A)
	}
	p.unnoted(0)
	for _, x := range p.s.Steps {
		if p.stops(x) {
			break
		}
		switch {
		case len(x.Bytes) > 0 && x.Pipe.From == p.us:
			p.wrote(x)
		case len(x.Bytes) > 0:
			p.write(x)
		case x.Open:
			p.open(x.Pipe)
		case x.EOF && x.Pipe.From == p.us:
			if p.s.Name == "spec-vectors" { // has no notes
				p.stop(p.us, true)
			}
			p.ended(x.Pipe)
		case x.EOF:
			p.pipes[x.Pipe].Close()
			delete(p.pipes, x.Pipe)
		default:
			p.note(x.Note)
		}
	}
	p.finish()
}

// prepare lists what .NET wrote on our side.
func (p *recPlay) prepare() {
	p.t.Helper()
	dir, err := os.MkdirTemp("/tmp", "bp") // short: sockets have short paths
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { os.RemoveAll(dir) })
	p.dir = dir
	p.servers, p.pipes = map[string]*net.UnixListener{}, map[recorded.Pipe]*recPipe{}
	p.asked, p.ids, p.dropped = map[uint64]recAsk{}, map[uint64]uint64{}, map[uint64]bool{}
	p.objects, p.acks = map[string]string{}, map[uint64]bool{}
	rest := map[recorded.Pipe][]byte{}
	for _, x := range p.s.Steps {
		if x.Pipe.From != p.us || len(x.Bytes) == 0 {
			continue
		}
		frames, left, err := recorded.CampusFrames(append(rest[x.Pipe], x.Bytes...), true)
		if err != nil {
			p.t.Fatal(err)
		}
		rest[x.Pipe] = left
		for _, f := range frames {
			p.expect = append(p.expect, recWant{pipe: x.Pipe, f: f})
		}
	}
	p.app = newRecApp(p)
	p.t.Cleanup(func() {
		p.app.stop(false)
		for _, l := range p.servers {
			l.Close()
		}
		for _, c := range p.pipes {
			c.Close()
		}
	})
}

func (p *recPlay) hasNote(part string) bool {
	return slices.ContainsFunc(p.s.Steps, func(x recorded.Step) bool { return strings.Contains(x.Note, part) })
}

// name gives the name of who is dialled.
func (p *recPlay) name(pipe recorded.Pipe) string {
	side, _, _ := strings.Cut(pipe.To, ".")
	return p.listens(recorded.Side(side))
}

// listens gives the name under which a side listens: with PipeMvc that of its server, which is all that is dialled there.
func (p *recPlay) listens(side recorded.Side) string {
	if slices.Contains(p.s.Args[side], "--mvc") {
		return p.s.Peers[side] + ".mvc"
	}
	return p.s.Peers[side]
}

func (p *recPlay) path(name string) string { return filepath.Join(p.dir, "CoreFxPipe_"+name) }

// start has a side listen.
func (p *recPlay) start(side recorded.Side) {
	if side == p.us {
		p.app.start()
		return
	}
	name := p.listens(side)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.path(name), Net: "unix"})
	if err != nil {
		p.t.Fatal(err)
	}
	p.servers[name] = l
}

// stop has a side close, or die.
func (p *recPlay) stop(side recorded.Side, orderly bool) {
	if side == p.us {
		p.app.stop(orderly)
		return
	}
	for name, l := range p.servers {
		l.Close() // the path goes first, so that nobody reaches a dying process
		delete(p.servers, name)
	}
}

// open makes a pipe: the script dials, or is dialled.
func (p *recPlay) open(pipe recorded.Pipe) {
	p.t.Helper()
	if pipe.From == p.us {
		l := p.servers[p.name(pipe)]
		if l == nil {
			p.t.Fatalf("%v: the script does not listen", pipe)
		}
		l.SetDeadline(time.Now().Add(dmtpPatience))
		c, err := l.AcceptUnix()
		if err != nil {
			p.t.Fatalf("%v: we do not dial: %v", pipe, err)
		}
		c.CloseWrite() // as .NET does
		p.pipes[pipe] = &recPipe{UnixConn: c}
		return
	}
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: p.path(p.name(pipe)), Net: "unix"})
	if err != nil {
		p.t.Fatalf("%v: we do not listen: %v", pipe, err)
	}
	c.CloseRead() // as .NET does
	p.pipes[pipe] = &recPipe{UnixConn: c}
}

// finish ends our side and looks whether all has come.
func (p *recPlay) finish() {
	p.t.Helper()
	p.app.stop(false)
	for pipe := range p.pipes {
		if pipe.From == p.us {
			p.ended(pipe)
		}
	}
	for _, r := range p.runs {
		<-r.done
	}
	for _, o := range p.odd {
		if !o.shown && !o.maybe {
			p.t.Errorf("a difference did not show: %+v", *o)
		}
	}
}
