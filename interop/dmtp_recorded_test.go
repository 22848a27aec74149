package interop_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/recorded"
)

// dmtpSessions are the recordings whose client is played against our service, with the service's flags. What the
// client wrote then is written again; what comes back must have the value of what .NET wrote.
var dmtpSessions = []struct {
	name  string
	flags []string
	once  bool   // the client asks and the service only answers: the client's bytes can come all at once, too
	until string // stop at the note that holds this
}{
	{name: "handshake-plain", once: true},
	{name: "handshake-token", flags: []string{"--token", "Dmtp"}, once: true},
	{name: "handshake-meta", flags: []string{"--token", "Dmtp"}, once: true},
	{name: "handshake-full", flags: []string{"--token", "Dmtp"}, once: true},
	{name: "handshake-wrong-token", flags: []string{"--token", "Dmtp"}, once: true},
	{name: "handshake-denied", flags: []string{"--deny", "no"}, once: true},
	{name: "ids-prefix", flags: []string{"--default-id-prefix", "srv-"}},
	{name: "ping"},
	{name: "reset-id"},
	{name: "reset-id-taken", until: "target"},
	{name: "frames"},
	{name: "rpc-json", once: true},
	{name: "rpc-service-json"},
	{name: "rpc-meta", once: true},
	{name: "rpc-large", once: true},
	{name: "rpc-feedback", until: "slow"},
	{name: "rpc-errors", once: true},
	{name: "rpc-callback"},
	{name: "close-client", once: true},
	{name: "close-client-noreason", once: true},
	{name: "close-service"},
	{name: "probe-frames", once: true},
	{name: "probe-json", once: true},
	{name: "recipe", flags: []string{"--token", "Dmtp"}, once: true},
	{name: "v407-basics", flags: []string{"--token", "Dmtp"}},
	{name: "v319-basics", flags: []string{"--token", "Dmtp"}},
}

// TestDmtpRecordedClientsAreAnsweredAsDotnetDid plays the clients of recorded sessions against our service: frame by
// frame, one byte at a time, and all at once.
func TestDmtpRecordedClientsAreAnsweredAsDotnetDid(t *testing.T) {
	for i, s := range dmtpSessions {
		session, err := recorded.Load(s.name)
		if err != nil {
			t.Fatal(err)
		}
		modes := []string{"frame by frame", "byte by byte"}
		if s.once {
			modes = append(modes, "all at once")
		}
		for _, mode := range modes {
			t.Run(s.name+"/"+mode, func(t *testing.T) {
				transport := []string{"tcp", "unix"}[i%2]
				service := dmtpStart(t, dmtpOwn, append([]string{"serve", "--listen", dmtpURL(t, transport)}, s.flags...)...)
				p := &dmtpPlay{t: t, service: service, mode: mode, conns: map[int]*dmtpPlayed{}}
				p.play(session, s.until)
			})
		}
	}
}

// dmtpPlay is a session on its way.
type dmtpPlay struct {
	t       *testing.T
	service *dmtpProc
	mode    string
	conns   map[int]*dmtpPlayed
	frames  int // of the service that were compared
}

// dmtpPlayed is one connection of a session.
type dmtpPlayed struct {
	net.Conn
	left   map[recorded.Side][]byte // bytes of a frame that is not whole yet
	out    []byte                   // what goes out all at once
	expect []recorded.Frame         // what .NET wrote and we have not yet
	signs  map[int32]int32          // .NET's numbers of the service's requests, and ours
	calls  map[int32]dmtpwire.Request
	known  map[int32]bool // the client's calls that .NET answered
	closed bool
}

func (p *dmtpPlay) play(s recorded.Session, until string) {
	for _, c := range s.Chunks {
		if c.Note != "" {
			if until != "" && strings.Contains(c.Note, until) {
				break
			}
			p.settle()
			p.note(c.Note)
			continue
		}
		conn := p.conn(c.Conn, s)
		if c.From == recorded.A && !conn.closed {
			p.settle()
		}
		if c.EOF {
			p.settle()
			if c.From == recorded.A && p.mode != "all at once" {
				conn.closed = true
				conn.Close()
			}
			continue
		}
		frames, rest, err := recorded.Frames(append(conn.left[c.From], c.Bytes...), true)
		if err != nil {
			p.t.Fatal(err)
		}
		conn.left[c.From] = slices.Clone(rest)
		for _, f := range frames {
			if c.From == recorded.A {
				p.client(conn, f)
			} else if p.wanted(conn, f) {
				conn.expect = append(conn.expect, f)
			}
		}
	}
	for _, conn := range p.conns {
		if len(conn.out) > 0 {
			p.write(conn, conn.out)
		}
	}
	p.mode = "" // nothing is held back any more
	p.settle()
	if p.frames == 0 {
		p.t.Error("nothing was compared")
	}
	for n, conn := range p.conns {
		if conn.closed {
			continue
		}
		// Behind all that was answered there is nothing but, maybe, the service's goodbye.
		if c, ok := conn.Conn.(interface{ CloseWrite() error }); ok {
			c.CloseWrite()
		}
		if rest, err := io.ReadAll(conn); err != nil || len(rest) > 0 {
			p.t.Errorf("connection %d: %d bytes that .NET did not write: %q, %v", n, len(rest), rest, err)
		}
	}
}

// conn gives a connection of the session, made on first use.
func (p *dmtpPlay) conn(n int, s recorded.Session) *dmtpPlayed {
	if c := p.conns[n]; c != nil {
		return c
	}
	network, addr, _ := strings.Cut(p.service.url(0), "://")
	raw, err := net.Dial(network, addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(dmtpPatience))
	c := &dmtpPlayed{Conn: raw, left: map[recorded.Side][]byte{}, signs: map[int32]int32{}, calls: map[int32]dmtpwire.Request{}, known: map[int32]bool{}}
	p.conns[n] = c
	streams, err := s.Streams()
	if err != nil {
		p.t.Fatal(err)
	}
	for _, x := range streams {
		if x.Conn != n || x.Side != recorded.B {
			continue
		}
		frames, _, _ := recorded.Frames(x.Data, true)
		for _, f := range frames {
			var r dmtpwire.Response
			if f.Flags == dmtpwire.FlagCallResponse && dmtpwire.ParseResponse(f.Body, &r) == nil {
				c.known[r.Sign] = true
			}
		}
	}
	return c
}

// note has our service do what .NET's did.
func (p *dmtpPlay) note(text string) {
	text, ok := strings.CutPrefix(text, "b: {")
	if !ok {
		return
	}
	cmd := dmtpFields{}
	if json.Unmarshal([]byte("{"+text), &cmd) != nil || cmd.text("do") == "call" && cmd.text("serialization") != "json" {
		return
	}
	p.service.begin(cmd.text("do"), cmd)
}

// client writes a frame of the recorded client. Answers to requests of the service bear the number that ours has.
func (p *dmtpPlay) client(c *dmtpPlayed, f recorded.Frame) {
	body, ok := p.renumber(c, f)
	if !ok {
		return
	}
	frame := dmtpwire.AppendFrame(nil, f.Flags, body)
	if p.mode == "all at once" {
		c.out = append(c.out, frame...)
	} else {
		p.write(c, frame)
	}
	var q dmtpwire.Request
	if f.Flags != dmtpwire.FlagCallRequest || dmtpwire.ParseRequest(f.Body, &q) != nil {
		return
	}
	c.calls[q.Sign] = q
	if q.Feedback != dmtpwire.OnlySend && !p.same(c, q.Sign) {
		// .NET understood what we do not, or left unanswered what we refuse: the answer is no success.
		c.expect = append(c.expect, recorded.Frame{Flags: dmtpwire.FlagCallResponse, Body: p.refusal(q)})
	}
}

func (p *dmtpPlay) write(c *dmtpPlayed, b []byte) {
	step := len(b)
	if p.mode == "byte by byte" {
		step = 1
		if len(b) > 2000 {
			step = 1 + len(b)/2000 // long bodies in pieces: each byte costs a call
		}
	}
	for piece := range slices.Chunk(b, max(1, step)) {
		if _, err := c.Write(piece); err != nil {
			p.t.Fatal(err)
		}
	}
}

// same says that our answer to a call is .NET's.
func (p *dmtpPlay) same(c *dmtpPlayed, sign int32) bool {
	return c.calls[sign].Serialization == dmtpwire.JSON && c.known[sign]
}

// wanted says that we are to write what .NET wrote here.
func (p *dmtpPlay) wanted(c *dmtpPlayed, f recorded.Frame) bool {
	switch f.Flags {
	case dmtpwire.FlagChannelRequest, dmtpwire.FlagChannelResponse, dmtpwire.FlagChannelPackage:
		return false // channels are not part of this version
	case dmtpwire.FlagCallRequest:
		var q dmtpwire.Request
		return dmtpwire.ParseRequest(f.Body, &q) == nil && q.Serialization == dmtpwire.JSON
	case dmtpwire.FlagCallResponse:
		var r dmtpwire.Response
		return dmtpwire.ParseResponse(f.Body, &r) == nil && p.same(c, r.Sign)
	}
	return true
}

// refusal is the least that the answer to a call has when it is refused: its status stands for any but success.
func (p *dmtpPlay) refusal(q dmtpwire.Request) []byte {
	r := dmtpwire.Response{Router: q.Reply(), Sign: q.Sign, Status: dmtpwire.StatusException, Serialization: q.Serialization,
		Message: dmtpwire.Str(dmtpRefused), Return: []byte(dmtpwire.NullParam)}
	body, err := dmtpwire.AppendResponse(nil, &r)
	if err != nil {
		p.t.Fatal(err)
	}
	return body
}

// settle reads until all that .NET wrote up to here has come from us as well. Answers to calls may come in any order.
func (p *dmtpPlay) settle() {
	p.t.Helper()
	if p.mode == "all at once" {
		return
	}
	for n, c := range p.conns {
		for len(c.expect) > 0 && !c.closed {
			got, err := dmtpReadFrame(c)
			if err != nil {
				p.t.Fatalf("connection %d: waiting for %s: %v", n, dmtpShow(c.expect[0]), err)
			}
			i := slices.IndexFunc(c.expect, func(want recorded.Frame) bool { return dmtpMatches(want, got) })
			if i < 0 {
				p.t.Fatalf("connection %d: got %s, .NET wrote %s", n, dmtpShow(got), dmtpShow(c.expect[0]))
			}
			if err := dmtpCompare(c.expect[i], got, c.signs); err != nil {
				p.t.Errorf("connection %d: got %s, .NET wrote %s: %v", n, dmtpShow(got), dmtpShow(c.expect[i]), err)
			}
			c.expect = slices.Delete(c.expect, i, i+1)
			p.frames++
		}
	}
}

// dmtpReadFrame reads the next frame.
func dmtpReadFrame(r io.Reader) (recorded.Frame, error) {
	header := make([]byte, dmtpwire.HeaderLen)
	if _, err := io.ReadFull(r, header); err != nil {
		return recorded.Frame{}, err
	}
	f, n, err := dmtpwire.ParseHeader(header)
	if err != nil {
		return recorded.Frame{}, err
	}
	body := make([]byte, n)
	_, err = io.ReadFull(r, body)
	return recorded.Frame{Flags: f, Body: body}, err
}

func dmtpShow(f recorded.Frame) string {
	body := f.Body
	if len(body) > 300 {
		body = body[:300]
	}
	return fmt.Sprintf("flags %d with %d bytes %q", f.Flags, len(f.Body), body)
}
