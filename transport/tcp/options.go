package tcp

import (
	"context"
	"crypto/tls"

	"github.com/bellpull/bellpull/transport"
)

// An Option adjusts the [Transport] behind [Listen] and [Dial].
type Option interface{ apply(*Transport) }

type optionFunc func(*Transport)

func (f optionFunc) apply(t *Transport) { f(t) }

// WithServerTLS sets [Transport.ServerTLS].
func WithServerTLS(cfg *tls.Config) Option {
	return optionFunc(func(t *Transport) { t.ServerTLS = cfg })
}

// WithClientTLS sets [Transport.ClientTLS].
func WithClientTLS(cfg *tls.Config) Option {
	return optionFunc(func(t *Transport) { t.ClientTLS = cfg })
}

// Listen parses addr, such as "tcp:127.0.0.1:0", and listens there; see [Transport.Listen].
func Listen(ctx context.Context, addr string, opts ...Option) (transport.Listener, error) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return nil, err
	}
	return newTransport(opts).Listen(ctx, a)
}

// Dial parses addr, such as "tcp:127.0.0.1:7789", and connects to it; see [Transport.Dial].
func Dial(ctx context.Context, addr string, opts ...Option) (transport.Conn, error) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return nil, err
	}
	return newTransport(opts).Dial(ctx, a)
}

func newTransport(opts []Option) *Transport {
	t := new(Transport)
	for _, o := range opts {
		o.apply(t)
	}
	return t
}
