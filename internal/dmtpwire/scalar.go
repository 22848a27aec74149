package dmtpwire

import "time"

// DateTime is a .NET DateTime as it travels: the two top bits are the kind, the other 62 count ticks of 100 ns since
// the first of January of the year 1. A local time is the wall clock of the sender, without its zone. Section 4.7.
type DateTime uint64

// Kinds of a DateTime.
const (
	KindUnspecified = 0
	KindUTC         = 1
	KindLocal       = 2
)

const (
	ticksPerSecond = 10_000_000
	// unixSeconds is how many seconds lie between the first of January of the years 1 and 1970.
	unixSeconds = 62_135_596_800
	// maxTicks is the last tick of the year 9999.
	maxTicks = 3_155_378_975_999_999_999
)

// UTC gives the DateTime of an instant, with kind UTC, to 100 ns. Instants before the year 1 or after the year 9999
// become the nearest one that fits.
func UTC(t time.Time) DateTime {
	s := t.Unix() + unixSeconds
	switch {
	case s < 0:
		return KindUTC << 62
	case s > maxTicks/ticksPerSecond:
		return KindUTC<<62 | maxTicks
	}
	return DateTime(KindUTC<<62 | uint64(s)*ticksPerSecond + uint64(t.Nanosecond()/100))
}

// Kind gives the kind; the fourth value counts as local, as in .NET.
func (d DateTime) Kind() int { return min(int(d>>62), KindLocal) }

// Ticks gives the ticks without the kind.
func (d DateTime) Ticks() int64 { return int64(d &^ (3 << 62)) }

// Time gives the wall clock that d shows as a time in UTC, whatever its kind.
func (d DateTime) Time() time.Time {
	t := d.Ticks()
	return time.Unix(t/ticksPerSecond-unixSeconds, t%ticksPerSecond*100).UTC()
}

// TimeSpan is a duration in ticks of 100 ns.
type TimeSpan int64

// Span gives the TimeSpan of a duration, to 100 ns.
func Span(d time.Duration) TimeSpan { return TimeSpan(d / 100) }

// Duration gives the duration; what does not fit becomes the nearest one that does.
func (s TimeSpan) Duration() time.Duration {
	const limit = TimeSpan((1<<63 - 1) / 100)
	switch {
	case s > limit:
		return 1<<63 - 1
	case s < -limit:
		return -1 << 63
	}
	return time.Duration(s) * 100
}

// Decimal is a .NET decimal as it travels: a 96-bit integer, and flags with the sign (bit 31) and the scale (bits 16
// to 23).
type Decimal struct{ Flags, High, Low, Mid uint32 }

// GUID is a GUID in the order of its text, as RFC 9562 has it. .NET writes the first three groups little endian.
type GUID [16]byte

// guidSwap changes between the order of the text and that of .NET.
func guidSwap(u [16]byte) [16]byte {
	u[0], u[1], u[2], u[3] = u[3], u[2], u[1], u[0]
	u[4], u[5] = u[5], u[4]
	u[6], u[7] = u[7], u[6]
	return u
}
