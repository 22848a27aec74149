package campuswire

// The limits of the format, and those that this package adds so that no input makes much of little.
const (
	// MaxContent is the longest content of a frame, 65535*255 bytes. A sender refuses more before it writes
	// anything; a reader takes it for a framing error. Section 2.1.
	MaxContent = 65535 * 255

	// MaxBody is the longest body of a request or an answer; a business header counts as part of it.
	MaxBody = MaxContent - EnvelopeLen

	// MaxMagic is the longest magic: its length is 16 bits wide.
	MaxMagic = 1<<16 - 1

	// MaxName is the longest name of a peer in bytes. It is ours: no pipe can be called by a longer one, which on
	// Windows has at most 256 UTF-16 units and elsewhere at most 107 bytes.
	MaxName = 1024

	// MaxArgs bounds the arguments of an invocation. It is ours: a generated proxy sends at most 16, and a receiver
	// can still tell a caller that 17 are too many.
	MaxArgs = 64

	// MaxHeaders bounds the header values of one HTTP message, those without a value counting as one. It is ours.
	MaxHeaders = 4096
)
