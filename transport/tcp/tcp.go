package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/bellpull/bellpull/transport"
)

const (
	plain  = "tcp"
	secure = "tcps"
)

const (
	// DefaultHandshakeTimeout bounds the TLS handshake of an accepted connection.
	DefaultHandshakeTimeout = 10 * time.Second
	// MaxHandshakes is how many accepted connections of one "tcps" listener may be shaking hands, or wait for Accept
	// afterwards. A further one has the oldest handshake ended, which OnHandshakeError is told as a
	// [*transport.LimitError]; when all wait for Accept, it stays in the system's queue.
	MaxHandshakes = 1024
)

// ErrNoTLS: a "tcps" address, and no TLS configuration for this side. It is the cause inside an [*transport.Error]
// of the kind [transport.ErrAddress].
var ErrNoTLS = errors.New("no TLS configuration")

// A Transport dials and listens on TCP. The zero Transport is ready for "tcp"; "tcps" needs the configuration of the
// side it is used for. The fields must not be changed once it is in use. It holds nothing that must be closed.
type Transport struct {
	// ServerTLS is what "tcps" listeners use. It needs a certificate. Ask for certificates of clients here.
	// Session tickets are not sent, whatever it says: a client that never reads would close its socket with
	// tickets unread behind it, and a reset could then overtake its last words.
	ServerTLS *tls.Config
	// ClientTLS is what "tcps" diallers use. An empty ServerName stands for the host of the address.
	ClientTLS *tls.Config
	// KeepAlive is the time of silence before the system probes the other end, and between probes.
	// 0 means 15 seconds; a negative time turns probes off.
	KeepAlive time.Duration
	// HandshakeTimeout bounds the TLS handshake of an accepted connection. 0 means [DefaultHandshakeTimeout].
	// A dialler's handshake is bounded by its context.
	HandshakeTimeout time.Duration
	// OnHandshakeError, when set, is told of accepted connections whose TLS handshake failed; nobody else is, as
	// Accept gives only those that succeeded. It is called from several goroutines and must not block: each call
	// occupies one of [MaxHandshakes], and the listener's Close waits for it.
	OnHandshakeError func(remote net.Addr, err error)
}

var _ transport.Transport = (*Transport)(nil)

// Schemes gives "tcp" and "tcps".
func (t *Transport) Schemes() []string { return []string{plain, secure} }

// Dial connects to a and, for "tcps", completes the TLS handshake. It blocks until that is done, refused, or ctx is
// done. The result is a [*Conn] or a [*TLSConn].
//
// Errors are [*transport.Error]: [transport.ErrNoServer] when the connection was refused, [transport.ErrNotTrusted]
// when the server's certificate is not valid for us, [transport.ErrAddress] for another scheme or a missing
// ClientTLS ([ErrNoTLS]), and the error of ctx.
func (t *Transport) Dial(ctx context.Context, a transport.Addr) (transport.Conn, error) {
	host, err := check("dial", a, t.ClientTLS)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{KeepAlive: t.KeepAlive}
	c, err := d.DialContext(ctx, "tcp", a.Rest)
	if err != nil {
		return nil, dialError(a, err)
	}
	tc := c.(*net.TCPConn)
	if a.Scheme == plain {
		return newConn(tc)
	}
	cfg := t.ClientTLS
	if cfg.ServerName == "" {
		cfg = cfg.Clone()
		cfg.ServerName = host
	}
	s := tls.Client(tc, cfg)
	if err := s.HandshakeContext(ctx); err != nil {
		tc.Close()
		return nil, handshakeError(a, err)
	}
	return newTLSConn(s), nil
}

// Listen claims a; port 0 lets the system choose one, which the listener's Addr tells. It blocks only to look up a
// host name, and ctx bounds that. The result is a [*Listener] for "tcp" and a [*TLSListener] for "tcps".
//
// Errors are [*transport.Error]: [transport.ErrInUse] when the port is taken, [transport.ErrAddress] for another
// scheme or a missing ServerTLS ([ErrNoTLS]), and the error of ctx.
func (t *Transport) Listen(ctx context.Context, a transport.Addr) (transport.Listener, error) {
	if _, err := check("listen", a, t.ServerTLS); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{KeepAlive: t.KeepAlive}
	lc.SetMultipathTCP(false) // several paths are of no use between neighbours and cost a layer
	l, err := lc.Listen(ctx, "tcp", a.Rest)
	if err != nil {
		return nil, listenError(a, err)
	}
	at := transport.Addr{Scheme: a.Scheme, Rest: l.Addr().String()}
	inner := &Listener{tcp: l.(*net.TCPListener), addr: at}
	if a.Scheme == plain {
		return inner, nil
	}
	return newTLSListener(inner, t), nil
}

// check looks at an address and whether there is a configuration for it; it gives the host.
func check(op string, a transport.Addr, cfg *tls.Config) (host string, err error) {
	if a.Scheme != plain && a.Scheme != secure {
		return "", &transport.Error{Op: op, Addr: a.String(), Kind: transport.ErrAddress,
			Advice: "this transport serves tcp:HOST:PORT and tcps:HOST:PORT"}
	}
	if host, _, err = net.SplitHostPort(a.Rest); err != nil {
		return "", &transport.Error{Op: op, Addr: a.String(), Kind: transport.ErrAddress, Err: err,
			Advice: "write " + a.Scheme + ":HOST:PORT"}
	}
	if a.Scheme == secure && cfg == nil {
		side := map[string]string{"dial": "ClientTLS", "listen": "ServerTLS"}[op]
		return "", &transport.Error{Op: op, Addr: a.String(), Kind: transport.ErrAddress, Err: ErrNoTLS,
			Advice: "set " + side + " of the tcp transport, or use tcp: without TLS"}
	}
	return host, nil
}
