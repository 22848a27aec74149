package netjson

import "math"

// Uint64 takes an integer from 0.
func (r *Reader) Uint64() uint64 {
	at, text := r.integer()
	if r.err != nil {
		return 0
	}
	if text[0] == '-' {
		r.Fail(at, ErrRange)
		return 0
	}
	var v uint64
	for _, c := range text {
		d := uint64(c - '0')
		if v > (math.MaxUint64-d)/10 {
			r.Fail(at, ErrRange)
			return 0
		}
		v = v*10 + d
	}
	return v
}

// Int32 takes an integer that fits.
func (r *Reader) Int32() int32 { return int32(r.within(math.MinInt32, math.MaxInt32)) }

// Uint8 takes an integer that fits; -0 does not.
func (r *Reader) Uint8() uint8 { return uint8(r.within(0, math.MaxUint8)) }

// within takes an integer between bounds of 32 bits.
func (r *Reader) within(low, high int64) int64 {
	at, text := r.integer()
	if r.err != nil {
		return 0
	}
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	var v int64
	for _, c := range text {
		if v = v*10 + int64(c-'0'); v > math.MaxInt32+1 {
			break
		}
	}
	if negative {
		v = -v
	}
	if v < low || v > high || negative && low == 0 {
		r.Fail(at, ErrRange)
		return 0
	}
	return v
}

// integer takes a number that has neither fraction nor exponent.
func (r *Reader) integer() (at int, text []byte) {
	if c := r.Peek(); c != '-' && !digit(c) {
		r.Wrong(ErrType)
		return 0, nil
	}
	at = r.off
	whole := r.number()
	switch {
	case r.err != nil:
		return at, nil
	case !whole:
		r.Fail(at, ErrRange)
		return at, nil
	}
	return at, r.b[at:r.off]
}

// number takes a number and reports whether it is written as an integer.
func (r *Reader) number() (whole bool) {
	at, b, i := r.off, r.b, r.off
	digits := func() bool {
		from := i
		for i < len(b) && digit(b[i]) {
			i++
		}
		return i > from
	}
	if b[i] == '-' {
		i++
	}
	lead := i
	if !digits() || b[lead] == '0' && i-lead > 1 {
		r.Fail(at, ErrSyntax)
		return false
	}
	whole = true
	if i < len(b) && b[i] == '.' {
		i++
		whole = false
		if !digits() {
			r.Fail(at, ErrSyntax)
			return false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		whole = false
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			r.Fail(at, ErrSyntax)
			return false
		}
	}
	r.off = i
	return whole
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
