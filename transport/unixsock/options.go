package unixsock

import "io/fs"

// A ListenOption configures [Listen] and [Inherited].
type ListenOption interface{ applyListen(*Transport) }

// A DialOption configures [Dial].
type DialOption interface{ applyDial(*Transport) }

// An Option configures both sides.
type Option interface {
	ListenOption
	DialOption
}

type (
	listenOption func(*Transport)
	dialOption   func(*Transport)
	option       func(*Transport)
)

func (f listenOption) applyListen(t *Transport) { f(t) }
func (f dialOption) applyDial(t *Transport)     { f(t) }
func (f option) applyListen(t *Transport)       { f(t) }
func (f option) applyDial(t *Transport)         { f(t) }

// WithDirs sets [Transport.Dirs]. It keeps a copy.
func WithDirs(dirs ...string) Option {
	dirs = append([]string(nil), dirs...)
	return option(func(t *Transport) { t.Dirs = dirs })
}

// WithSameUserOnly sets [Transport.SameUserOnly].
func WithSameUserOnly() Option {
	return option(func(t *Transport) { t.SameUserOnly = true })
}

// WithAnyServer sets [Transport.AnyServer].
func WithAnyServer() DialOption {
	return dialOption(func(t *Transport) { t.AnyServer = true })
}

// WithMode sets [Transport.Mode].
func WithMode(mode fs.FileMode) ListenOption {
	return listenOption(func(t *Transport) { t.Mode = mode })
}

// WithOnStolen sets [Transport.OnStolen].
func WithOnStolen(f func(error)) ListenOption {
	return listenOption(func(t *Transport) { t.OnStolen = f })
}

// WithBacklog sets [Transport.Backlog].
func WithBacklog(n int) ListenOption {
	return listenOption(func(t *Transport) { t.Backlog = n })
}
