package dmtp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
)

// answerVerify accepts the first handshake of a Bellpull client, whose Sign is 4096.
var answerVerify = dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyResponse, []byte(`{"Id":"x","Sign":4096,"Status":1}`))

func mustAddr(t *testing.T, s string) transport.Addr {
	t.Helper()
	a, err := transport.ParseAddr(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// service starts a service on a Unix socket and gives its path.
func service(t *testing.T, m *bellpull.Mux, opts ...dmtp.Option) (*bellpull.Node, string) {
	t.Helper()
	path := t.TempDir() + "/s"
	node, err := dmtp.Listen(t.Context(), "unix:"+path, m, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close(context.Background()) })
	return node, path
}

func TestBeforeTheHandshakeNoFrameReachesAHandler(t *testing.T) {
	entered := make(chan string, 1)
	m := bellpull.NewMux()
	m.Handle("add", bellpull.HandlerFunc(func(*bellpull.Reply, *bellpull.Request) { entered <- "call" }))
	_, path := service(t, m, dmtp.OnFrame(func(*dmtp.Frame) { entered <- "frame" }))
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	call, err := dmtpwire.AppendRequest(nil, &dmtpwire.Request{Router: dmtpwire.Router{Version: 1}, Sign: 3,
		Serialization: dmtpwire.JSON, Key: dmtpwire.Str("add"), Feedback: dmtpwire.WaitInvoke})
	if err != nil {
		t.Fatal(err)
	}
	for f := range 65536 {
		if f <= 2 || f > 64 && f%97 != 0 {
			continue
		}
		if _, err := c.Write(dmtpwire.AppendFrame(nil, dmtpwire.Flags(f), call)); err != nil {
			t.Fatal(f, err)
		}
	}
	// A ping behind them is answered, and is the first thing that is.
	if _, err := c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagPingRequest, []byte(`{"Sign":7}`))); err != nil {
		t.Fatal(err)
	}
	f, body := readFrame(t, c)
	var pong dmtpwire.WaitPing
	if err := dmtpwire.ParseWaitPing(body, &pong); err != nil || f != dmtpwire.FlagPingResponse || pong.Sign != 7 {
		t.Error(f, string(body), err)
	}
	select {
	case what := <-entered:
		t.Error("entered:", what)
	default:
	}
}

func readFrame(t *testing.T, c net.Conn) (dmtpwire.Flags, []byte) {
	t.Helper()
	head := make([]byte, dmtpwire.HeaderLen)
	if _, err := io.ReadFull(c, head); err != nil {
		t.Fatal(err)
	}
	f, n, err := dmtpwire.ParseHeader(head)
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(c, body); err != nil {
		t.Fatal(err)
	}
	return f, body
}

func TestABadHeaderEndsItsConnectionAlone(t *testing.T) {
	m := newMux()
	_, path := service(t, m)
	good, err := dmtp.Dial(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close(context.Background())
	valid := string(dmtpwire.AppendFrame(nil, dmtpwire.FlagPingRequest, []byte(`{"Sign":7}`)))
	for name, bytes := range map[string]string{
		"magic":         "dx\x00\x05\x00\x00\x00\x00" + valid,
		"half magic":    "x",
		"negative":      "dm\x00\x05\xff\xff\xff\xff" + valid,
		"2^31":          "dm\x00\x05\x80\x00\x00\x00" + valid,
		"2^31-1":        "dm\x00\x05\x7f\xff\xff\xff" + valid,
		"over the gate": "dm\x00\x05\x00\x01\x00\x01" + valid,
		"http":          "GET / HTTP/1.1\r\n\r\n",
	} {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, bytes)
		if got, err := io.ReadAll(c); err != nil && !strings.Contains(err.Error(), "reset") || len(got) > 0 {
			t.Errorf("%s: answered %q, %v", name, got, err)
		}
		c.Close()
		if got, err := bellpull.Call[int](t.Context(), good, "sum", 1, 2); err != nil || got != 3 {
			t.Error(name, got, err)
		}
	}
}

func TestEachWayAHandshakeFailsHasItsOwnError(t *testing.T) {
	_, path := service(t, newMux(), dmtp.Token("secret"))
	_, err := dmtp.Dial(t.Context(), "unix:"+path, dmtp.Token("wrong"))
	if !errors.Is(err, bellpull.ErrRefused) || bellpull.ExecutedOf(err) != bellpull.Never {
		t.Error("wrong token:", err)
	}
	_, err = dmtp.Dial(t.Context(), "unix:"+t.TempDir()+"/none")
	if !errors.Is(err, bellpull.ErrNoServer) {
		t.Error("nobody:", err)
	}
	l, err := net.Listen("unix", t.TempDir()+"/web")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			c.Close()
		}
	}()
	_, err = dmtp.Dial(t.Context(), "unix:"+l.Addr().String())
	if !errors.Is(err, bellpull.ErrProtocol) {
		t.Error("something else:", err)
	}
	_, err = dmtp.Listen(t.Context(), "tcp:127.0.0.1:0", newMux())
	if !errors.Is(err, bellpull.ErrRefused) {
		t.Error("tcp without a token:", err)
	}
}

func TestTheVerificationSeesTheClientAndMayChangeIt(t *testing.T) {
	seen := make(chan dmtp.Verify, 1)
	node, path := service(t, newMux(), dmtp.OnVerify(func(v *dmtp.Verify) error {
		seen <- *v
		for _, p := range v.Metadata {
			if p.Key == "deny" {
				return errors.New("denied: " + p.Value)
			}
		}
		v.ID = "given"
		v.Metadata = append(v.Metadata, bellpull.Pair{Key: "role", Value: "gast"})
		return nil
	}))
	_, err := dmtp.Dial(t.Context(), "unix:"+path, dmtp.Metadata(bellpull.Pair{Key: "deny", Value: "so"}))
	if e, ok := errors.AsType[*bellpull.Error](err); !ok || !errors.Is(err, bellpull.ErrRefused) || e.Msg != "denied: so" {
		t.Fatal(err)
	}
	<-seen
	peer, err := dmtp.Dial(t.Context(), "unix:"+path, dmtp.ID("asked"), dmtp.Metadata(bellpull.Pair{Key: "中", Value: "文"}))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close(context.Background())
	if v := <-seen; v.ID != "asked" || v.Metadata[0].Value != "文" || v.Identity.PID == 0 || !v.Identity.SameUser {
		t.Errorf("%+v", v)
	}
	if id := dmtp.SessionID(peer); id != "given" {
		t.Error("id", id)
	}
	if m := peer.Metadata(); len(m) != 2 || m[1].Value != "gast" {
		t.Error(m)
	}
	if _, err := node.Wait(t.Context(), "given"); err != nil {
		t.Error(err)
	}
}

func TestATakenIDIsRefusedAndItsHolderUnharmed(t *testing.T) {
	node, path := service(t, newMux())
	dial := func(id string) (*bellpull.Peer, error) {
		return dmtp.Dial(t.Context(), "unix:"+path, dmtp.ID(id), dmtp.Plain())
	}
	first, err := dial("one")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close(context.Background())
	if _, err := dial("one"); !errors.Is(err, bellpull.ErrRefused) {
		t.Fatal(err)
	}
	second, err := dial("two")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close(context.Background())
	if err := dmtp.Rename(t.Context(), second, "one"); !errors.Is(err, bellpull.ErrNameTaken) {
		t.Error("rename by the client:", err)
	}
	here, err := node.Wait(t.Context(), "two")
	if err != nil {
		t.Fatal(err)
	}
	if err := dmtp.Rename(t.Context(), here, "one"); !errors.Is(err, bellpull.ErrNameTaken) {
		t.Error("rename by the service:", err)
	}
	if err := dmtp.Rename(t.Context(), here, "three"); err != nil || dmtp.SessionID(second) != "three" || here.Name() != "three" {
		t.Error(err, dmtp.SessionID(second), here.Name())
	}
	if err := dmtp.Rename(t.Context(), second, "four"); err != nil || here.Name() != "four" {
		t.Error(err, here.Name())
	}
	for _, p := range []*bellpull.Peer{first, second} {
		if got, err := bellpull.Call[int](t.Context(), p, "sum", 1, 2); err != nil || got != 3 {
			t.Error(got, err)
		}
	}
}

func TestUserFramesKeepTheirBytesAndOrder(t *testing.T) {
	got := make(chan *dmtp.Frame, 100)
	_, path := service(t, newMux(), dmtp.OnFrame(func(f *dmtp.Frame) { got <- f }))
	peer, err := dmtp.Dial(t.Context(), "unix:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close(context.Background())
	for i, size := range []int{0, 1, 1024, 70_000, 1 << 20} {
		if err := dmtp.SendFrame(t.Context(), peer, uint16(1000+i), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if f := <-got; f.Flags != uint16(1000+i) || len(f.Body) != size {
			t.Error(f.Flags, len(f.Body))
		}
	}
	for _, flags := range []uint16{0, 19, 20, 22} {
		if err := dmtp.SendFrame(t.Context(), peer, flags, nil); !errors.Is(err, bellpull.ErrBadArgument) {
			t.Error(flags, err)
		}
	}
	if err := dmtp.SendFrame(t.Context(), peer, 1000, make([]byte, 16<<20+1)); !errors.Is(err, bellpull.ErrTooLarge) {
		t.Error(err)
	}
	if _, err := peer.CallBytes(t.Context(), "echo", nil, make([]byte, 17<<20)); !errors.Is(err, bellpull.ErrTooLarge) || bellpull.ExecutedOf(err) != bellpull.Never {
		t.Error(err)
	}
	if got, err := peer.CallBytes(t.Context(), "echo", nil, make([]byte, 15<<20)); err != nil || len(got) != 15<<20 {
		t.Error(len(got), err)
	}
}
