package recorded

import (
	"errors"
	"fmt"
	"slices"

	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// A place says what the index of a flaw counts.
type place string

const (
	frame    place = "frame"    // the frames of the stream
	tail     place = "tail"     // the frames in front of it
	datagram place = "datagram" // the datagrams of the stream
)

// errTail: a stream ends inside a frame.
var errTail = errors.New("ends inside a frame")

// A flaw is a place in a session that is not as it should be, and the error that the codec must give for it.
type flaw struct {
	session string
	conn    int
	side    Side
	place   place
	index   int
	err     error
	why     string
}

func (f flaw) String() string {
	return fmt.Sprintf("connection %d, side %s, %s %d: %v (%s)", f.conn, f.side, f.place, f.index, f.err, f.why)
}

// A judge holds what a replay finds against the table of its flaws.
type judge struct {
	session string
	table   []flaw
	seen    []int // flaws that showed
	errs    []error
}

// flaw looks a place up in the table; what came of it must fit.
func (j *judge) flaw(conn int, side Side, where place, index int, err error) bool {
	for i, f := range j.table {
		if f.session == j.session && f.conn == conn && f.side == side && f.place == where && f.index == index {
			j.seen = append(j.seen, i)
			if errors.Is(err, f.err) {
				return true
			}
			err = fmt.Errorf("got %w, want %v", err, f.err)
			break
		}
	}
	j.errs = append(j.errs, fmt.Errorf("recorded: %s: connection %d, side %s, %s %d: %w", j.session, conn, side, where, index, err))
	return false
}

// verdict gives everything that does not hold.
func (j *judge) verdict() error {
	for i, f := range j.table {
		if f.session == j.session && !slices.Contains(j.seen, i) {
			j.errs = append(j.errs, fmt.Errorf("recorded: %s: %s did not show", j.session, f))
		}
	}
	return errors.Join(j.errs...)
}

// flaws is the table of the DMTP sessions.
var flaws = []flaw{
	// JSON that .NET refuses.
	{"close-passive-stays", 1, A, frame, 5, dmtpwire.ErrSyntax, "a close as raw text, to 4.2"},
	{"probe-handshake-json", 1, A, frame, 6, dmtpwire.ErrType, "a metadata value is a number"},
	{"probe-json", 1, A, frame, 3, dmtpwire.ErrType, "Sign is a text"},
	{"probe-json", 1, A, frame, 4, dmtpwire.ErrRange, "Sign is 5.0"},
	{"probe-json", 1, A, frame, 7, dmtpwire.ErrRange, "Sign beyond int32"},
	{"probe-json", 1, A, frame, 8, dmtpwire.ErrRange, "Status 300"},
	{"probe-json", 1, A, frame, 9, dmtpwire.ErrSyntax, "no JSON"},
	{"probe-json", 1, A, frame, 10, dmtpwire.ErrSyntax, "an empty body"},
	{"probe-json", 1, A, frame, 11, dmtpwire.ErrType, "null"},
	{"probe-json", 1, A, frame, 12, dmtpwire.ErrSyntax, "a comment"},
	{"probe-json", 1, A, frame, 13, dmtpwire.ErrSyntax, "a byte order mark"},

	// Frames that .NET refuses.
	{"probe-bad-huge", 1, A, tail, 1, dmtpwire.ErrTooLarge, "1 GiB"},
	{"probe-bad-magic", 1, A, tail, 1, dmtpwire.ErrMagic, "6478"},
	{"probe-bad-max", 1, A, tail, 1, dmtpwire.ErrTooLarge, "7fffffff"},
	{"probe-bad-minus-one", 1, A, tail, 1, dmtpwire.ErrLength, "ffffffff"},

	// Packages that .NET refuses, except the first.
	{"probe-binary", 1, A, frame, 2, errTrailing, "bytes behind the end"},
	{"probe-binary", 1, A, frame, 3, dmtpwire.ErrTruncated, "cut"},
	{"probe-binary", 1, A, frame, 4, dmtpwire.ErrNullFlag, "null flag 2"},
	{"probe-binary", 1, A, frame, 8, dmtpwire.ErrTruncated, "metadata count 5, one there"},

	// A service forwards the bytes as they are, here JSON written by hand.
	{"probe-spoof", 1, B, frame, 1, errDifferent, "forwarded"},
	{"probe-spoof", 1, B, frame, 2, errDifferent, "forwarded"},
	{"probe-spoof", 2, B, frame, 3, errDifferent, "forwarded"},

	// Datagrams.
	{"probe-udp", 1, A, datagram, 4, errTrailing, "two pings in one datagram"},
	{"probe-udp", 1, A, datagram, 5, dmtpwire.ErrMagic, "garbage"},
	{"probe-udp", 1, A, datagram, 6, dmtpwire.ErrTruncated, "a cut ping"},
	{"udp-split", 1, A, datagram, 3, dmtpwire.ErrTruncated, "first piece of a call"},
	{"udp-split", 1, A, datagram, 4, dmtpwire.ErrMagic, "its second piece"},
	{"udp-split", 1, A, datagram, 5, dmtpwire.ErrTruncated, "first piece of a call"},
	{"udp-split", 1, A, datagram, 6, dmtpwire.ErrMagic, "its second piece"},

	// A caller whose serializer failed left half a frame behind; the next one counts as its rest.
	{"rpc-xml-map", 1, A, frame, 1, dmtpwire.ErrTruncated, "half a call"},
	{"rpc-xml-map", 1, A, tail, 2, dmtpwire.ErrMagic, "the end of a ping"},

	// Calls that a service before 4.2 could not route.
	{"v319-route", 1, B, frame, 4, errRequest, "target missing"},
	{"v319-route", 1, B, frame, 5, errRequest, "refused"},
	{"v407-route", 1, B, frame, 4, errRequest, "target missing"},
	{"v407-route", 1, B, frame, 5, errRequest, "refused"},
}
