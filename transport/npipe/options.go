package npipe

import "io/fs"

// A ListenOption configures [Listen].
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

// WithCurrentUserOnly sets [Transport.CurrentUserOnly].
func WithCurrentUserOnly() Option {
	return option(func(t *Transport) { t.CurrentUserOnly = true })
}

// WithAnyServer sets [Transport.AnyServer].
func WithAnyServer() DialOption {
	return dialOption(func(t *Transport) { t.AnyServer = true })
}

// WithDir sets [Transport.Dir].
func WithDir(dir string) Option {
	return option(func(t *Transport) { t.Dir = dir })
}

// WithMode sets [Transport.Mode].
func WithMode(mode fs.FileMode) ListenOption {
	return listenOption(func(t *Transport) { t.Mode = mode })
}

// WithOnStolen sets [Transport.OnStolen].
func WithOnStolen(f func(error)) ListenOption {
	return listenOption(func(t *Transport) { t.OnStolen = f })
}
