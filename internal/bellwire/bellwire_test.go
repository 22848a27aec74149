package bellwire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

func TestGoldenFrames(t *testing.T) {
	c := Call{Sign: 0x1001, Method: 3, Timeout: 30000, Encoding: 1, Metadata: []byte{9, 9}, Body: []byte("[1]")}
	b := make([]byte, CallLen(3, 2, 3))
	PutCall(b, &c, "add")
	if got, want := hex.EncodeToString(b), "01100000"+"03000000"+"30750000"+"01"+"03"+"0300"+"616464"+"02000000"+"0909"+"5b315d"; got != want {
		t.Errorf("call\n got %s\nwant %s", got, want)
	}
	a := Answer{Sign: 0x1001, Code: 13, Ran: 2, Encoding: 2, Body: []byte("boom")}
	b = make([]byte, AnswerHeader+4)
	PutAnswer(b, &a)
	if got, want := hex.EncodeToString(b), "01100000"+"0d"+"02"+"02"+"00"+"626f6f6d"; got != want {
		t.Errorf("answer\n got %s\nwant %s", got, want)
	}
}

func TestA64ByteCallFitsASlot(t *testing.T) {
	if n := 8 + 8 + CallLen(0, 0, 64); n > 128 { // ring word, frame header, call
		t.Error(n, "bytes")
	}
}

func TestEveryCutIsShort(t *testing.T) {
	c := Call{Sign: 1, Method: 3, Metadata: []byte{9, 9}}
	b := make([]byte, CallLen(3, 2, 0))
	PutCall(b, &c, "add")
	for n := range b {
		var got Call
		if err := ParseCall(b[:n], &got); !errors.Is(err, ErrShort) {
			t.Error(n, err)
		}
	}
	for n := range AnswerHeader {
		if err := ParseAnswer(make([]byte, n), new(Answer)); !errors.Is(err, ErrShort) {
			t.Error(n, err)
		}
	}
	for n := range CancelLen {
		if _, err := ParseCancel(make([]byte, n)); !errors.Is(err, ErrShort) {
			t.Error(n, err)
		}
	}
}

func TestFieldsOutOfRangeAreNamed(t *testing.T) {
	good := make([]byte, CallHeader)
	for _, tc := range []struct {
		at    int
		value byte
		field string
	}{{3, 0x80, "sign"}, {5, 0x10, "method"}, {12, 2, "encoding"}, {13, 4, "bits"}, {13, 1, "name"}, {14, 1, "name"}} {
		b := bytes.Clone(good)
		b[tc.at] = tc.value
		var e *Error
		if err := ParseCall(b, new(Call)); !errors.As(err, &e) || e.Field != tc.field {
			t.Errorf("byte %d = %d: %v, want %s", tc.at, tc.value, err, tc.field)
		}
	}
}

func FuzzCall(f *testing.F) {
	b := make([]byte, CallLen(3, 2, 3))
	PutCall(b, &Call{Sign: 1, Method: 2, Timeout: 3, Encoding: 1, Metadata: []byte{1, 2}, Body: []byte("abc")}, "add")
	f.Add(b)
	f.Add(make([]byte, CallHeader))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Call
		if ParseCall(b, &c) != nil {
			return
		}
		if c.Metadata != nil && len(c.Metadata) == 0 {
			return // an empty block is written as none
		}
		out := make([]byte, CallLen(len(c.Name), len(c.Metadata), len(c.Body)))
		PutCall(out, &c, string(c.Name))
		if !bytes.Equal(out, b) {
			t.Errorf("\n in %x\nout %x", b, out)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 'x'})
	f.Fuzz(func(t *testing.T, b []byte) {
		var a Answer
		if ParseAnswer(b, &a) != nil {
			return
		}
		out := make([]byte, AnswerHeader+len(a.Body))
		PutAnswer(out, &a)
		out[7] = b[7] // reserved
		if !bytes.Equal(out, b) {
			t.Errorf("\n in %x\nout %x", b, out)
		}
	})
}
