package mem

const (
	// DefaultBuffer is the room of one direction of a connection in bytes.
	DefaultBuffer = 64 << 10
	// DefaultBacklog is the number of dialled connections that may wait for Accept.
	DefaultBacklog = 128
)

// An Option adjusts a [Network] or a [Pipe].
type Option interface{ apply(*config) }

type config struct{ buffer, backlog int }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// Buffer sets how many bytes one direction of a connection holds before Write blocks. The memory is claimed as bytes
// arrive. A number below 1 means [DefaultBuffer].
func Buffer(bytes int) Option {
	return optionFunc(func(c *config) { c.buffer = bytes })
}

// Backlog sets how many dialled connections may wait for Accept before Dial blocks. A number below 1 means
// [DefaultBacklog]. [Pipe] has no backlog and ignores it.
func Backlog(conns int) Option {
	return optionFunc(func(c *config) { c.backlog = conns })
}

// withDefaults fills what is unset. The zero config is that of a zero Network.
func (c config) withDefaults() config {
	if c.buffer < 1 {
		c.buffer = DefaultBuffer
	}
	if c.backlog < 1 {
		c.backlog = DefaultBacklog
	}
	return c
}

func newConfig(opts []Option) config {
	var c config
	for _, o := range opts {
		o.apply(&c)
	}
	return c.withDefaults()
}
