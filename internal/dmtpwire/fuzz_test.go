package dmtpwire

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

func FuzzFrame(f *testing.F) {
	for _, v := range frameVectors {
		f.Add(unhex(f, v.hex), 64)
	}
	for _, s := range []string{"6478000500000000", "646d0005ffffffff", "646d00057fffffff", "646d000540000000", "64", ""} {
		f.Add(unhex(f, s), 1<<20)
	}
	f.Fuzz(func(t *testing.T, b []byte, max int) {
		split := Split(max)
		n, err := split(b)
		var fe *FrameError
		if err != nil && !errors.As(err, &fe) {
			t.Fatalf("%T", err)
		}
		// The answer does not depend on how much has arrived, once there is one.
		for i := range min(len(b), HeaderLen) + 1 {
			m, e := split(b[:i])
			if i == HeaderLen && (m != n || (e == nil) != (err == nil)) {
				t.Fatalf("%d, %v of the header, %d, %v of all", m, e, n, err)
			}
			if i < HeaderLen && (m != 0 || e != nil && err == nil) {
				t.Fatalf("%d, %v of %d bytes", m, e, i)
			}
		}
		if err != nil || n == 0 {
			return
		}
		flags, body, err := ParseHeader(b)
		if err != nil || HeaderLen+body != n {
			t.Fatalf("%d, %v, want %d", body, err, n)
		}
		if !bytes.Equal(AppendHeader(nil, flags, body), b[:HeaderLen]) {
			t.Fatal("another header")
		}
	})
}

func fuzzKernel(f *testing.F, kind string) {
	for _, v := range kernelVectors {
		if v.kind == kind {
			f.Add([]byte(v.text))
			f.Add(v.want.AppendJSON(nil, Compact))
		}
	}
	for _, s := range []string{"", "null", "{}", `{"Sign":"4"}`, `{"X":{"y":[1]}, "Status" : 0}`, `{"Sign":8,/*c*/}`, `{"Message":"\ud83d\ude00"}`, `{"Metadata":[{"key":"a"}]}`, `{"Metadata":{"a":null}}`, "\xef\xbb\xbf{}", `{"Sign":1,"Sign":-2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parseKernel(kind, body)
		if err != nil {
			var je *JSONError
			if !errors.As(err, &je) || je.Offset < 0 || je.Offset > len(body) {
				t.Fatalf("%#v", err)
			}
			if errors.Is(err, ErrSyntax) && json.Valid(body) {
				t.Fatalf("%v, but it is JSON: %q", err, body)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatalf("taken, but it is no JSON: %q", body)
		}
		if held(reflect.ValueOf(m)) > len(body) {
			t.Fatal("holds more bytes than the body has")
		}
		for _, style := range []JSONStyle{Compact, Indented} {
			out := m.AppendJSON(nil, style)
			again, err := parseKernel(kind, out)
			if err != nil || !reflect.DeepEqual(again, m) {
				t.Fatalf("%s\n got %+v, %v\nwant %+v", out, again, err, m)
			}
		}
	})
}

func FuzzWaitVerify(f *testing.F) { fuzzKernel(f, "WaitVerify") }
func FuzzWaitSetID(f *testing.F)  { fuzzKernel(f, "WaitSetId") }
func FuzzWaitPing(f *testing.F)   { fuzzKernel(f, "WaitPing") }
func FuzzWaitClose(f *testing.F)  { fuzzKernel(f, "WaitClose") }

func fuzzPackage(f *testing.F, like any) {
	for _, v := range packageVectors(f) {
		if reflect.TypeOf(v.want) == reflect.TypeOf(like) {
			f.Add(unhex(f, v.hex), uint8(v.g))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte, g uint8) {
		if err := goRound(Generation(g%3), like, body); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzRequest(f *testing.F)        { fuzzPackage(f, &Request{}) }
func FuzzResponse(f *testing.F)       { fuzzPackage(f, &Response{}) }
func FuzzCancel(f *testing.F)         { fuzzPackage(f, &Cancel{}) }
func FuzzCreateChannel(f *testing.F)  { fuzzPackage(f, &CreateChannel{}) }
func FuzzChannelPackage(f *testing.F) { fuzzPackage(f, &ChannelPackage{}) }
func FuzzFileInfo(f *testing.F)       { fuzzPackage(f, &FileInfoPackage{}) }
func FuzzFileSection(f *testing.F)    { fuzzPackage(f, &FileSectionPackage{}) }
func FuzzFileFinished(f *testing.F)   { fuzzPackage(f, &FileFinishedPackage{}) }
func FuzzSmallFile(f *testing.F)      { fuzzPackage(f, &SmallFilePackage{}) }
func FuzzCacheRequest(f *testing.F)   { fuzzPackage(f, &CacheRequest{}) }
func FuzzCacheResponse(f *testing.F)  { fuzzPackage(f, &CacheResponse{}) }

func FuzzMetadata(f *testing.F) {
	f.Add(unhex(f, "02 0261 0231 0262 00"), uint8(G42))
	f.Add(unhex(f, "03 0261 0231 0262 00 0261 04e4b8ad"), uint8(G42))
	f.Add(unhex(f, "02000000 0161 0131 0162 ff"), uint8(G3))
	f.Fuzz(func(t *testing.T, raw []byte, gen uint8) {
		g := Generation(gen % 3)
		m, err := g.ParseMetadata(raw)
		if err != nil {
			var pe *PackageError
			if !errors.As(err, &pe) {
				t.Fatalf("%T", err)
			}
			return
		}
		if held(reflect.ValueOf(m)) > len(raw) || len(m.Pairs) > MaxMetadataPairs {
			t.Fatal("holds more than the block has")
		}
		out, err := g.AppendMetadata(nil, m)
		if err != nil {
			var pe *PackageError
			if errors.As(err, &pe) && len(raw) > MaxMetadataBytes {
				return
			}
			t.Fatal(err)
		}
		if out == nil {
			return
		}
		if again, err := g.ParseMetadata(out); err != nil || !reflect.DeepEqual(again, m) {
			t.Fatalf("got %v, %v, want %v", again, err, m)
		}
	})
}

func FuzzParam(f *testing.F) {
	f.Add(unhex(f, "01 01000000 31 00"), uint8(JSON), uint8(G42))
	f.Add(unhex(f, "01 03 010203 00"), uint8(XML), uint8(G42))
	f.Add(unhex(f, "01 03000000 010203 00"), uint8(XML), uint8(G3))
	f.Add(unhex(f, "01 04 010203 00"), uint8(SystemBinary), uint8(G40))
	f.Add(unhex(f, "01 01 01000000"), uint8(FastBinary), uint8(G40))
	f.Fuzz(func(t *testing.T, params []byte, ser, gen uint8) {
		s, g := Serialization(ser), Generation(gen%3)
		value, null, rest, err := g.NextParam(s, params)
		if err != nil {
			var pe *PackageError
			if !errors.As(err, &pe) {
				t.Fatalf("%T", err)
			}
			return
		}
		if len(value)+len(rest) > len(params) {
			t.Fatal("more bytes than there are")
		}
		out, err := g.AppendParam(nil, s, value)
		if err != nil {
			t.Fatal(err)
		}
		again, null2, _, err := g.NextParam(s, out)
		if err != nil || null2 != null || !bytes.Equal(again, value) {
			t.Fatalf("got %x, %v, %v, want %x, %v", again, null2, err, value, null)
		}
	})
}
