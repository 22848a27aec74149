package campuswire

import "encoding/binary"

// EnvelopeLen is what an envelope adds to a body.
//
//	offset size field  (little endian)
//	0      8    mark   "Request\0" or "Response"
//	8      8    id     of the request; counted by the requester, from 0
//	16     4    length of the body, signed
//	20     n    body   of an answer: empty when nobody handled the request, or the handler failed
//
// Section 2.6.
const EnvelopeLen = markLen + 8 + 4

const (
	markLen      = 8
	markRequest  = "Request\x00"
	markResponse = "Response"
)

// An Envelope is a request or an answer.
type Envelope struct {
	ID   uint64
	Body []byte // business header included
	// Rest counts the bytes behind the body. A .NET process does not look at them either, and never writes any.
	Rest int
}

// ParseRequest reads the content of a frame of [KindRequest]. A length that is negative or beyond the end is a
// [*ContentError], and so is a content shorter than an envelope or with another mark. .NET answers some of them with
// what an earlier frame left in its buffer (section 4.2); they are not to be answered. With a wrong length the ID is given
// all the same.
func ParseRequest(content []byte) (Envelope, error) {
	return parseEnvelope(content, markRequest, "request")
}

// ParseResponse reads the content of a frame of [KindResponse], as [ParseRequest] does.
func ParseResponse(content []byte) (Envelope, error) {
	return parseEnvelope(content, markResponse, "response")
}

func parseEnvelope(content []byte, mark, name string) (Envelope, error) {
	if len(content) < EnvelopeLen || string(content[:markLen]) != mark {
		return Envelope{}, envelopeError(content, mark, name)
	}
	e := Envelope{ID: binary.LittleEndian.Uint64(content[markLen:])}
	size := int(int32(binary.LittleEndian.Uint32(content[16:])))
	body := content[EnvelopeLen:]
	if size < 0 || size > len(body) {
		return e, envelopeError(content, mark, name)
	}
	e.Body, e.Rest = body[:size:size], len(body)-size
	return e, nil
}

func envelopeError(content []byte, mark, name string) error {
	e := &ContentError{Content: name, Field: "mark", What: ErrMark, Value: int64(len(content)), Limit: EnvelopeLen}
	if n := min(len(content), markLen); string(content[:n]) != mark[:n] {
		return e
	}
	if len(content) < EnvelopeLen {
		e.Field, e.Offset, e.What = "length", len(content), ErrTruncated
		return e
	}
	size := int32(binary.LittleEndian.Uint32(content[16:]))
	e.Field, e.Offset, e.What, e.Value, e.Limit = "length", 16, ErrLength, int64(size), int64(len(content)-EnvelopeLen)
	if size < 0 {
		e.What = ErrNegative
	}
	return e
}

func appendEnvelope(b []byte, mark string, id uint64, n int) []byte {
	b = append(b, mark...)
	b = binary.LittleEndian.AppendUint64(b, id)
	return binary.LittleEndian.AppendUint32(b, uint32(n))
}
