package dmtp_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/internal/bellwire"
	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// FuzzService gives a service whatever bytes, before and behind a good handshake. It must not panic or hang, it must
// end the connection or go on, and it must go on serving others.
func FuzzService(f *testing.F) {
	network := mem.New()
	node, err := dmtp.Listen(context.Background(), "mem:x", newMux(), dmtp.OnFrame(func(*dmtp.Frame) {}),
		dmtp.NodeOptions(bellpull.WithTransports(network)))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { node.Close(context.Background()) })
	hello := dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest,
		[]byte(`{"Metadata":[{"Key":"bellpull-ask","Value":"1 compact run=1 name="}],"Sign":1}`))
	call := make([]byte, bellwire.CallLen(4, 0, 1))
	bellwire.PutCall(call, &bellwire.Call{Sign: 1, Body: []byte("x")}, "echo")
	f.Add(true, dmtpwire.AppendFrame(nil, bellwire.FlagCall, call))
	f.Add(true, dmtpwire.AppendFrame(nil, bellwire.FlagAnswer, make([]byte, bellwire.AnswerHeader)))
	f.Add(true, dmtpwire.AppendFrame(nil, dmtpwire.FlagResetIDRequest, []byte(`{"NewId":"go-1","Sign":6}`)))
	f.Add(true, dmtpwire.AppendFrame(nil, dmtpwire.FlagClose, []byte(`{"Message":"bye","Sign":7}`)))
	f.Add(false, dmtpwire.AppendFrame(nil, dmtpwire.FlagPingRequest, []byte(`{"Sign":2}`)))
	f.Add(false, hello)
	request, err := dmtpwire.AppendRequest(nil, &dmtpwire.Request{Router: dmtpwire.Router{Version: 1}, Sign: 3, Serialization: dmtpwire.JSON,
		Key: dmtpwire.Str("sum"), Feedback: dmtpwire.WaitInvoke, Count: 2, Params: []byte("\x01\x01\x00\x00\x001\x01\x01\x00\x00\x002")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(true, dmtpwire.AppendFrame(nil, dmtpwire.FlagCallRequest, request))
	addr := transport.Addr{Scheme: "mem", Rest: "x"}
	f.Fuzz(func(t *testing.T, shake bool, bytes []byte) {
		c, err := network.Dial(context.Background(), addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(5 * time.Second))
		if shake {
			c.Write(hello)
		}
		c.Write(bytes)
		// What was written ends here; a service that still waits for the rest of a frame hears of it and hangs up.
		c.(*mem.Conn).CloseWrite()
		if _, err := io.Copy(io.Discard, c); err != nil && err != io.EOF {
			t.Fatalf("the service neither answered nor hung up: %v", err)
		}
	})
}
