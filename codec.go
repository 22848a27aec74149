package bellpull

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// appendJSON appends v as JSON, the way encoding/json writes it.
func appendJSON(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case json.RawMessage:
		if !json.Valid(v) {
			return dst, fmt.Errorf("json.RawMessage of %d bytes is no JSON", len(v))
		}
		return append(dst, v...), nil
	case nil:
		return append(dst, "null"...), nil
	}
	b, err := json.Marshal(v)
	return append(dst, b...), err
}

// encodeArgs brings arguments into the form of an Exchange: one []byte as it is, anything else as a JSON array.
func encodeArgs(dst []byte, args []any) (Encoding, []byte, error) {
	if len(args) == 1 {
		if b, ok := args[0].([]byte); ok && b != nil {
			return EncodingBytes, append(dst, b...), nil
		}
	}
	dst = append(dst, '[')
	for i, a := range args {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendJSON(dst, a); err != nil {
			return 0, dst, fmt.Errorf("argument %d: %w", i+1, err)
		}
	}
	return EncodingJSON, append(dst, ']'), nil
}

// badArgument makes the error of arguments or answers that do not fit.
func badArgument(err error) *Error {
	return &Error{Code: CodeBadArgument, Op: "decode", Msg: err.Error(), Ran: Never}
}

// decodeArgs reads positional arguments into pointers; see Request.Decode.
func decodeArgs(enc Encoding, body []byte, into []any) error {
	if enc == EncodingNone || len(into) == 0 {
		return nil
	}
	if enc == EncodingBytes {
		if err := decodeBytes(body, into[0]); err != nil {
			return badArgument(fmt.Errorf("argument 1: %w", err))
		}
		return nil
	}
	if len(into) == 1 {
		if v, ok := onlyElement(body); ok {
			return decodeArg(0, v, into[0])
		}
	}
	var list []json.RawMessage
	if err := json.Unmarshal(body, &list); err != nil {
		return badArgument(fmt.Errorf("arguments are no JSON array: %w", err))
	}
	for i := range min(len(list), len(into)) {
		if err := decodeArg(i, list[i], into[i]); err != nil {
			return err
		}
	}
	return nil
}

func decodeArg(i int, v []byte, into any) error {
	if err := json.Unmarshal(v, into); err != nil {
		return badArgument(fmt.Errorf("argument %d, %s: %w", i+1, excerpt(v), err))
	}
	return nil
}

// onlyElement gives the element of a JSON array that has exactly one, without building a list. It looks only at
// arrays whose element is a number, a word or a flat string; everything else takes the long way.
func onlyElement(array []byte) ([]byte, bool) {
	n := len(array)
	if n < 3 || array[0] != '[' || array[n-1] != ']' {
		return nil, false
	}
	v := array[1 : n-1]
	if v[0] == '{' || v[0] == '[' || bytes.IndexByte(v, ',') >= 0 || len(bytes.TrimSpace(v)) == 0 {
		return nil, false
	}
	return v, true
}

// decodeBytes reads raw bytes into a value: a []byte takes them, anything else what JSON makes of them as base64.
func decodeBytes(body []byte, into any) error {
	if p, ok := into.(*[]byte); ok {
		*p = append([]byte(nil), body...)
		return nil
	}
	text, _ := json.Marshal(body)
	return json.Unmarshal(text, into)
}

// decodeAnswer reads the answer of a call into *out.
func decodeAnswer(enc Encoding, body []byte, out any) error {
	switch enc {
	case EncodingNone:
		return nil
	case EncodingBytes:
		return decodeBytes(body, out)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("answer %s into %s: %w", excerpt(body), reflect.TypeOf(out).Elem(), err)
	}
	return nil
}

// excerpt quotes the beginning of b for an error.
func excerpt(b []byte) string {
	if len(b) > 64 {
		return fmt.Sprintf("%q…", b[:64])
	}
	return fmt.Sprintf("%q", b)
}
