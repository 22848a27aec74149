package tcp

import (
	"crypto/tls"
	"io"
	"net"

	"github.com/bellpull/bellpull/transport"
)

// A TLSConn is a TCP connection with TLS whose handshake is done. It comes from [Transport.Dial] or a [TLSListener];
// the zero TLSConn is not usable. Any number of goroutines may call its methods at once. It is no
// [transport.TryWriter]: a record that the socket takes only in part must be finished before anything else.
//
// The methods of the embedded [*tls.Conn] are part of it; ConnectionState tells the peer's certificates. Close says
// goodbye to the peer and so may take up to five seconds when that one does not read.
type TLSConn struct {
	*tls.Conn
}

var _ transport.Conn = (*TLSConn)(nil)

func newTLSConn(c *tls.Conn) *TLSConn { return &TLSConn{c} }

// Read reads what was decrypted; see [net.Conn]. [io.EOF] says that the peer ended its writing side, or that somebody
// cut the connection between two records, which crypto/tls does not tell apart: a protocol whose frames have lengths
// does.
func (c *TLSConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, c.opError("read", err)
}

// Write writes all of p; see [net.Conn]. After a Write that met its deadline every further one fails.
func (c *TLSConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, c.opError("write", err)
}

// CloseWrite tells the peer that nothing more will be written: it reads [io.EOF]. Reading goes on.
func (c *TLSConn) CloseWrite() error { return c.opError("close", c.Conn.CloseWrite()) }

// Close ends both directions; a second Close is [net.ErrClosed].
func (c *TLSConn) Close() error { return c.opError("close", c.Conn.Close()) }

// Identity tells the remote address. What a certificate proves is for the protocol above to judge.
func (c *TLSConn) Identity() transport.Identity {
	return transport.Identity{Remote: secure + ":" + c.RemoteAddr().String()}
}

// Traits says that the bytes are encrypted and that either direction can be ended on its own.
func (c *TLSConn) Traits() transport.Traits { return traits(secure) }

// opError dresses the errors that crypto/tls gives bare.
func (c *TLSConn) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if _, ok := err.(*net.OpError); ok {
		return err
	}
	return &net.OpError{Op: op, Net: secure, Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
