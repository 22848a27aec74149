package campuswire

import (
	"math"
	"math/bits"
	"unicode/utf8"
)

// maxVarint is how many bytes the length of a route has at most.
const maxVarint = 5

// ParseRoute reads what is behind the business header of a direct route: the route, which is case-sensitive and may be
// empty, and the payload, which goes to the end. Both alias b. The length in front of the route is a varint of seven
// bits a byte; longer forms than needed are taken, as .NET does. The error is a [*ContentError]: a length that does not
// end or lies beyond the end, a route that is not valid UTF-8. Section 7.1.
func ParseRoute(b []byte) (route, payload []byte, err error) {
	var size uint64
	n := 0
	for {
		if n == len(b) || n == maxVarint {
			what := ErrVarint
			if n < maxVarint {
				what = ErrTruncated
			}
			return nil, nil, &ContentError{Content: "route", Field: "length", What: what, Value: int64(n), Limit: maxVarint}
		}
		c := b[n]
		size |= uint64(c&0x7f) << (7 * n)
		n++
		if c < 0x80 {
			break
		}
	}
	rest := b[n:]
	switch {
	case size > math.MaxInt32:
		return nil, nil, &ContentError{Content: "route", Field: "length", What: ErrVarint, Value: int64(size), Limit: math.MaxInt32}
	case size > uint64(len(rest)):
		return nil, nil, &ContentError{Content: "route", Field: "length", What: ErrLength, Value: int64(size), Limit: int64(len(rest))}
	}
	route, payload = rest[:size:size], rest[size:]
	if !utf8.Valid(route) {
		return nil, nil, &ContentError{Content: "route", Field: "route", Offset: n, What: ErrText, Value: int64(size), Limit: int64(len(rest))}
	}
	return route, payload, nil
}

// RouteLen gives the length of a route on the wire.
func RouteLen(route string) int { return varintLen(len(route)) + len(route) }

func varintLen(n int) int { return (bits.Len(uint(n)|1) + 6) / 7 }

// AppendRoute appends a route. [Framing.NotifyLen] and [Framing.CallLen] look at its text.
func AppendRoute(b []byte, route string) []byte {
	n := len(route)
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(append(b, byte(n)), route...)
}
