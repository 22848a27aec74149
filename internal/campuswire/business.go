package campuswire

import (
	"encoding/binary"
	"strconv"
)

// Business is a business header: eight bytes in front of a body that say which upper protocol the rest belongs to.
// 0 stands for none. Nothing marks that a header is there: a body that happens to begin with those eight bytes has it.
// Section 2.5.
type Business uint64

// The headers of the library. Applications may use any other.
const (
	BusinessNone      Business = 0
	BusinessObject    Business = 0x00000000526D4F6A // "jOmR": remote objects, request and answer
	BusinessJSONRoute Business = 0x745272446E6F734A // "JsonDrRt": JSON routes, notify and request, not the answer
	BusinessRawRoute  Business = 0x7452724474427752 // "RwBtDrRt": raw-byte routes, as those
)

// BusinessLen is the length of a business header on the wire.
const BusinessLen = 8

func (h Business) String() string {
	switch h {
	case BusinessNone:
		return "none"
	case BusinessObject:
		return "RemoteObject"
	case BusinessJSONRoute:
		return "JsonIpcDirectRouted"
	case BusinessRawRoute:
		return "RawByteIpcDirectRouted"
	}
	return "0x" + strconv.FormatUint(uint64(h), 16)
}

// Known gives the business header of the library that a body begins with, or BusinessNone.
func Known(body []byte) Business {
	if len(body) >= BusinessLen {
		switch h := Business(binary.LittleEndian.Uint64(body)); h {
		case BusinessObject, BusinessJSONRoute, BusinessRawRoute:
			return h
		}
	}
	return BusinessNone
}

// In reports whether a body begins with the header. Every body has BusinessNone.
func (h Business) In(body []byte) bool {
	return h == BusinessNone || len(body) >= BusinessLen && Business(binary.LittleEndian.Uint64(body)) == h
}

// Strip gives what is behind the header in a body that begins with it.
func (h Business) Strip(body []byte) (rest []byte, ok bool) {
	if !h.In(body) {
		return nil, false
	}
	return body[h.Len():], true
}

// Len gives the length of the header on the wire: 0 or [BusinessLen].
func (h Business) Len() int {
	if h == BusinessNone {
		return 0
	}
	return BusinessLen
}

// Append appends the header; BusinessNone has no bytes.
func (h Business) Append(b []byte) []byte {
	if h == BusinessNone {
		return b
	}
	return binary.LittleEndian.AppendUint64(b, uint64(h))
}
