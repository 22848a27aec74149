package dmtpwire

// Containers of one argument or result. Section 8.2.
//
//	FastBinary    u8 1 | a value of section 8.5, which only its type delimits
//	Json          nf [str32 text]
//	SystemBinary  nf [byteblock]
//	Xml           nf [bytespan]             generation 3: nf [i32 length | bytes]

// FastBinaryNull is the container of null in FastBinary, NullParam that of the other serializations. Answers without
// a result carry them too.
const (
	FastBinaryNull = "\x01\x00"
	NullParam      = "\x00"
)

// NextJSONParam takes one Json container off the front of params: the text, whether it is null, and what follows.
// The error is a [*PackageError].
func NextJSONParam(params []byte) (value []byte, null bool, rest []byte, err error) {
	return G42.NextParam(JSON, params)
}

// AppendJSONParam appends a Json container; nil is null.
func AppendJSONParam(b []byte, value []byte) []byte {
	b, _ = G42.AppendParam(b, JSON, value)
	return b
}

// NextParam takes one container off the front of params. For [FastBinary], where only the types say how long a value
// is, value is all that is left behind the format byte and rest is nil; null is then always false. A serialization
// of the application is taken whole in the same way. The error is a [*PackageError].
func (g Generation) NextParam(s Serialization, params []byte) (value []byte, null bool, rest []byte, err error) {
	r := NewReader(params, "Parameter")
	switch s {
	case JSON, SystemBinary, XML:
		if !r.NullFlag("null flag") {
			null = true
			break
		}
		switch {
		case s == JSON:
			value = r.Str32("text")
		case s == SystemBinary:
			value = r.ByteBlock("bytes")
		case g == G3:
			value = r.Bytes32("document")
		default:
			value = r.ByteSpan("document")
		}
		null = value == nil
	case FastBinary:
		at := r.off
		if v := r.U8("format"); v != 1 {
			r.fail("format", at, ErrNullFlag, int64(v), 1)
		}
		value = r.Rest()
		return value, false, nil, r.Err()
	default:
		return r.Rest(), false, nil, nil
	}
	if r.err != nil {
		return nil, false, nil, r.err
	}
	return value, null, r.Rest(), nil
}

// AppendParam appends one container; nil is null. For [FastBinary], value begins behind the format byte and null is
// the value 00. The error is a [*PackageError]: longer than a frame can be.
func (g Generation) AppendParam(b []byte, s Serialization, value []byte) ([]byte, error) {
	w := NewWriter(b, "Parameter")
	switch s {
	case FastBinary:
		w.U8(1)
		if value == nil {
			w.U8(0)
		}
		w.Raw(value)
		return w.Done()
	case JSON, SystemBinary, XML:
	default:
		w.Raw(value)
		return w.Done()
	}
	w.NullFlag(value != nil)
	if value == nil {
		return w.Done()
	}
	switch {
	case s == JSON:
		w.Str32("text", value)
	case s == SystemBinary:
		w.ByteBlock("bytes", value)
	case g == G3:
		w.Bytes32("document", value)
	default:
		w.ByteSpan("document", value)
	}
	return w.Done()
}
