package interop_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/internal/recorded"
)

// dmtpRaw is a client that writes what it likes.
type dmtpRaw struct {
	net.Conn
	t *testing.T
}

func dmtpRawDial(t *testing.T, url string) dmtpRaw {
	t.Helper()
	network, addr, _ := strings.Cut(url, "://")
	c, err := net.Dial(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(dmtpPatience))
	return dmtpRaw{c, t}
}

func (c dmtpRaw) write(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

func (c dmtpRaw) send(flags dmtpwire.Flags, body string) {
	c.t.Helper()
	c.write(dmtpwire.AppendFrame(nil, flags, []byte(body)))
}

// receive gives the body of the next frame, which must have these flags.
func (c dmtpRaw) receive(flags dmtpwire.Flags) []byte {
	c.t.Helper()
	f, err := dmtpReadFrame(c)
	if err != nil || f.Flags != flags {
		c.t.Fatalf("got %s, %v, want flags %d", dmtpShow(f), err, flags)
	}
	return f.Body
}

// ended wants the connection to end without another byte.
func (c dmtpRaw) ended(what string) {
	c.t.Helper()
	rest, err := io.ReadAll(c)
	if errors.Is(err, syscall.ECONNRESET) { // what we wrote was not all read
		err = nil
	}
	if err != nil || len(rest) > 0 {
		c.t.Errorf("%s: %q, %v; want the end of the connection", what, rest, err)
	}
}

// hello shakes hands.
func (c dmtpRaw) hello() {
	c.t.Helper()
	c.send(dmtpwire.FlagVerifyRequest, `{"Sign":1}`)
	var m dmtpwire.WaitVerify
	if err := dmtpwire.ParseWaitVerify(c.receive(dmtpwire.FlagVerifyResponse), &m); err != nil || m.Status != dmtpwire.StatusSuccess {
		c.t.Fatalf("%+v, %v", m, err)
	}
}

// call calls add(1,2) and wants 3.
func (c dmtpRaw) call() {
	c.t.Helper()
	c.send(dmtpwire.FlagCallRequest, dmtpAddCall)
	want := recorded.Frame{Flags: dmtpwire.FlagCallResponse, Body: []byte("\x01\xff\xff\x00\x04\x00\x00\x00\x01\x01\xff\xff\x01\x01\x00\x00\x003")}
	if got := c.receive(dmtpwire.FlagCallResponse); !bytes.Equal(got, want.Body) {
		c.t.Errorf("add answered %q", got)
	}
}

// dmtpAddCall is the body of a call of add(1,2) with Json, number 4.
const dmtpAddCall = "\x01\xff\xff\x00\x04\x00\x00\x00\x00\x01\x03add\x02\xff\xff\x02\x01\x01\x00\x00\x001\x01\x01\x00\x00\x002"

// dmtpCounting makes a service with the method add that counts what reaches the application.
func dmtpCounting(t *testing.T, transport string, opts ...dmtp.Option) (node *bellpull.Node, url string, ran *atomic.Int32) {
	t.Helper()
	ran = new(atomic.Int32)
	mux := bellpull.NewMux()
	bellpull.HandleFunc(mux, "add", func(a, b int) int { ran.Add(1); return a + b })
	node, url = dmtpServe(t, dmtpURL(t, transport), mux, append(opts, dmtp.OnFrame(func(*dmtp.Frame) { ran.Add(1) }))...)
	return node, url, ran
}

// TestDmtpClientsOfOldDocumentsAreServed: the hand-made handshake of the 4.0 documents, whose metadata is an object, is
// accepted and answered in that form; their raw text under flag 0 ends the link without a word.
func TestDmtpClientsOfOldDocumentsAreServed(t *testing.T) {
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		node, url := dmtpServe(t, dmtpURL(t, transport), nil, dmtp.Token("Dmtp"))
		events := dmtpWatch(t, node)
		c := dmtpRawDial(t, url)
		frame, _ := hex.DecodeString("646d000100000038")
		c.write(append(frame, `{"Token":"Dmtp","Metadata":{"a":"a"},"Id":null,"Sign":1}`...))
		var m struct {
			ID       string
			Sign     int
			Status   int
			Metadata map[string]string
		}
		body := c.receive(dmtpwire.FlagVerifyResponse)
		if err := json.Unmarshal(body, &m); err != nil || m.Status != 1 || m.Sign != 1 || m.ID != "01-00-00-00" || len(m.Metadata) != 1 || m.Metadata["a"] != "a" {
			t.Errorf("answered %s, %v", body, err)
		}
		if up := events.await(bellpull.EventUp); len(up.Metadata) != 1 || up.Metadata[0] != (bellpull.Pair{Key: "a", Value: "a"}) {
			t.Errorf("up with %v", up.Metadata)
		}
		c.send(dmtpwire.FlagClose, "close")
		c.ended("raw text under flag 0")
		down := events.await(bellpull.EventDown)
		if e, ok := errors.AsType[*bellpull.Error](down.Err); !ok || !e.Remote || !strings.Contains(e.Msg, "close") {
			t.Errorf("down with %v", down.Err)
		}
	})
}

// TestDmtpNothingRunsBeforeTheHandshake: frames of every number before the handshake reach no handler and get no
// answer, whatever the service speaks; the handshake behind them is answered.
func TestDmtpNothingRunsBeforeTheHandshake(t *testing.T) {
	for _, compact := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "compact"}[compact], func(t *testing.T) {
			dmtpNoLeaks(t)
			proto := dmtp.Protocol{AllowAnonymous: true, Plain: !compact, VerifyTimeout: dmtpPatience}
			var ran atomic.Int32
			proto.OnFrame = func(*dmtp.Frame) { ran.Add(1) }
			node := bellpull.NewNode("", bellpull.WithHandlerInterceptor(func(next bellpull.Handler) bellpull.Handler {
				return bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { ran.Add(1); next.ServeBell(w, r) })
			}))
			t.Cleanup(func() { node.Close(dmtpBounded(t)) })
			bellpull.HandleFunc(node.Mux(), "add", func(a, b int) int { return a + b })
			if err := node.Listen(t.Context(), "tcp:127.0.0.1:0", &proto); err != nil {
				t.Fatal(err)
			}
			c := dmtpRawDial(t, "tcp://"+strings.TrimPrefix(node.Addrs()[0], "tcp:"))
			var early []byte
			for flags := range 1 << 16 {
				if flags != int(dmtpwire.FlagClose) && flags != int(dmtpwire.FlagVerifyRequest) {
					early = dmtpwire.AppendFrame(early, dmtpwire.Flags(flags), []byte(dmtpAddCall))
				}
			}
			c.write(early)
			for flags := range 64 {
				if flags != int(dmtpwire.FlagClose) && flags != int(dmtpwire.FlagVerifyRequest) && flags != int(dmtpwire.FlagPingRequest) {
					c.send(dmtpwire.Flags(flags), `{"Sign":1,"Status":1,"NewId":"x","Id":"x"}`)
					c.send(dmtpwire.Flags(flags), "")
				}
			}
			c.hello()
			if n := ran.Load(); n != 0 {
				t.Errorf("%d handlers ran", n)
			}
			c.call()
		})
	}
}

// TestDmtpPingsAndGoodbyesAreHeardBeforeTheHandshake: those two are the only others that are answered then.
func TestDmtpPingsAndGoodbyesAreHeardBeforeTheHandshake(t *testing.T) {
	dmtpNoLeaks(t)
	_, url, ran := dmtpCounting(t, "tcp")
	c := dmtpRawDial(t, url)
	c.send(dmtpwire.FlagPingRequest, `{"Sign":7}`)
	var ping dmtpwire.WaitPing
	if err := dmtpwire.ParseWaitPing(c.receive(dmtpwire.FlagPingResponse), &ping); err != nil || ping.Sign != 7 || ping.Status != dmtpwire.StatusSuccess {
		t.Errorf("%+v, %v", ping, err)
	}
	c.send(dmtpwire.FlagClose, `{"Message":"bye","Sign":8}`)
	var bye dmtpwire.WaitClose
	if err := dmtpwire.ParseWaitClose(c.receive(dmtpwire.FlagCloseAcknowledge), &bye); err != nil || bye.Sign != 8 || !bye.Message.Is("bye") {
		t.Errorf("%+v, %v", bye, err)
	}
	c.send(dmtpwire.FlagVerifyRequest, `{"Sign":9}`) // behind a goodbye nothing begins
	c.Conn.(*net.TCPConn).CloseWrite()
	c.ended("a handshake behind a goodbye")
	c = dmtpRawDial(t, url)
	c.send(dmtpwire.FlagClose, "close")
	c.ended("raw text")
	if n := ran.Load(); n != 0 {
		t.Errorf("%d handlers ran", n)
	}
}

// TestDmtpNothingRunsBehindGarbage: a stream that lost its framing ends there; a frame behind the garbage, however
// sound, is not looked for.
func TestDmtpNothingRunsBehindGarbage(t *testing.T) {
	call := dmtpwire.AppendFrame(nil, dmtpwire.FlagCallRequest, []byte(dmtpAddCall))
	garbage := map[string][]byte{
		"a zero": {0}, "half the magic": []byte("d"), "the magic in capitals": []byte("DM"), "the magic turned round": []byte("md"),
		"HTTP": []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "TLS": {0x16, 3, 1, 2, 0, 1, 0}, "all ones": bytes.Repeat([]byte{0xff}, 64),
		"a frame without its head": call[8:], "a frame without its first byte": call[1:],
	}
	for name, bad := range garbage {
		t.Run(name, func(t *testing.T) {
			dmtpNoLeaks(t)
			node, url, ran := dmtpCounting(t, "tcp")
			events := dmtpWatch(t, node)
			c := dmtpRawDial(t, url)
			c.write(append(bytes.Clone(bad), dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, []byte(`{"Sign":1}`))...))
			c.ended("instead of a handshake")
			if e := events.await(bellpull.EventRefused); !errors.Is(e.Err, bellpull.ErrProtocol) {
				t.Errorf("refused with %v", e.Err)
			}
			c = dmtpRawDial(t, url)
			c.hello()
			c.write(append(bytes.Clone(bad), call...))
			c.ended("instead of a call")
			if e := events.await(bellpull.EventDown); !errors.Is(e.Err, bellpull.ErrProtocol) {
				t.Errorf("down with %v", e.Err)
			}
			if n := ran.Load(); n != 0 {
				t.Errorf("%d handlers ran", n)
			}
			c = dmtpRawDial(t, url)
			c.hello()
			c.call()
		})
	}
}

// TestDmtpLengthsOfAllKinds: a frame up to the limit is taken, a longer one ends its connection before its body has
// come, and the service lives on.
func TestDmtpLengthsOfAllKinds(t *testing.T) {
	const most = 100_000 // the limit of frames; before the handshake it is 64 KiB
	lengths := func(limit uint32) []uint32 { return []uint32{0, 1, limit, limit + 1, 1<<31 - 1, 1 << 31, 1<<32 - 1} }
	dmtpTransports(t, func(t *testing.T, transport string) {
		dmtpNoLeaks(t)
		_, url, ran := dmtpCounting(t, transport, dmtp.With(dmtp.Protocol{MaxBody: most, VerifyTimeout: dmtpPatience}))
		for _, early := range []bool{true, false} {
			limit := uint32(most)
			if early {
				limit = 64 << 10
			}
			for _, n := range lengths(limit) {
				name := fmt.Sprintf("early: %v, length %d", early, n)
				c := dmtpRawDial(t, url)
				if !early {
					c.hello()
				}
				before := ran.Load()
				header := binary.BigEndian.AppendUint32([]byte{'d', 'm', 0x03, 0xe8}, n)
				c.write(header)
				if n > limit {
					c.ended(name)
					continue
				}
				c.write(make([]byte, n))
				if early {
					c.hello()
				}
				c.call()
				want := before + 1
				if !early {
					want++ // the frame itself
				}
				dmtpUntil(t, name+": what is to run has", func() bool { return ran.Load() == want })
			}
		}
	})
}
