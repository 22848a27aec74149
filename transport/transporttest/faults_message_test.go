package transporttest

import (
	"encoding/binary"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// maxMessage bounds the messages of messageConn.
const maxMessage = 40_000

// messageConn makes messages of a mem.Conn by writing their length before them. The flags break it.
type messageConn struct {
	*fakeConn
	merges, cuts, unbounded bool
}

func (c messageConn) Traits() transport.Traits {
	tr := c.fakeConn.Traits()
	tr.Message, tr.MaxMessage = true, maxMessage
	return tr
}

func (c messageConn) Write(p []byte) (int, error) {
	if len(p) > maxMessage && !c.unbounded {
		return 0, &transport.Error{Op: "write", Addr: "mem:", Kind: transport.ErrTooLarge}
	}
	if _, err := c.fakeConn.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p)))); err != nil {
		return 0, err
	}
	return c.fakeConn.Write(p)
}

func (c messageConn) Read(p []byte) (n int, err error) {
	var length [4]byte
	for range 2 {
		if _, err := io.ReadFull(c.fakeConn, length[:]); err != nil {
			return n, err
		}
		m, err := io.ReadFull(c.fakeConn, p[n:n+int(binary.BigEndian.Uint32(length[:]))])
		if n += m; err != nil || !c.merges {
			break
		}
	}
	if c.cuts {
		n--
	}
	return n, nil
}

// messagePair connects two ends of n, of honest messages if a fault does not see to it.
func messagePair(n *fakeNetwork) PairMaker {
	if n.as == nil {
		spoilMessages(messageConn{})(n)
	}
	return func(TB) (a, b transport.Conn) {
		x, y := mem.Pipe()
		return n.wrap(x, true), n.wrap(y, false)
	}
}

// spoilMessages sets the flags of how.
func spoilMessages(how messageConn) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.as = func(c *fakeConn) transport.Conn {
			broken := how
			broken.fakeConn = c
			return broken
		}
	}
}

var messageFaults = []fault{
	{in: "MessageTraits", name: "promises this here and that there", want: "promise",
		spoil: onTraits(func(tr *transport.Traits, c *fakeConn) {
			tr.Encrypted = c.dialled
		})},
	{in: "MessageTraits", name: "does not say so", want: "and Message", spoil: func(n *fakeNetwork) {
		n.as = func(c *fakeConn) transport.Conn { return c }
	}},
	{in: "Boundaries", name: "merges messages", want: "message 0: got 3 bytes",
		spoil: spoilMessages(messageConn{merges: true})},
	{in: "Boundaries", name: "cuts messages", want: "message 0: got 0 bytes",
		spoil: spoilMessages(messageConn{cuts: true})},
	{in: "MessageTooLarge", name: "has no bound", want: "want 0, ErrTooLarge",
		spoil: spoilMessages(messageConn{unbounded: true})},
	{in: "Identity", name: "has the wrong process", want: "has pid 1,",
		spoil: onIdentity(func(id *transport.Identity) { id.PID = 1 })},
	{in: "CloseTwice", name: "panics", want: "panic: closed twice",
		spoil: onlyOnce(func(*fakeConn) error { panic("closed twice") })},
	{in: "ClosedErrors", name: "has another error for Write", want: "Write after Close: got the error",
		spoil: mapWrite(net.ErrClosed, syscall.EBADF)},
	{in: "CloseUnblocksRead", name: "closes nothing", want: blocks, spoil: onClose(idle)},
	{in: "NothingLeft", name: "leaks a goroutine", want: "goroutines were left",
		spoil: onClose(func(c *fakeConn) error {
			c.network.leak()
			return c.Conn.Close()
		})},
}

func TestHonestMessagesPass(t *testing.T) {
	for _, c := range messageCases {
		n := newFakeNetwork()
		if said := newRecorder(c.name, t.TempDir()).run(c, newEnv(messagePair(n)), n.release); said != "" {
			t.Errorf("%s: %s", c.name, said)
		}
	}
}
