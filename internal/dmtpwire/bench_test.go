package dmtpwire

import "testing"

func BenchmarkParseRequest(b *testing.B) {
	frame := AppendFrame(nil, FlagCallRequest, unhex(b, "01 "+vS+" ff 00 03000000 00 | 01 03616464 02 | ffff | 02 | 01 01000000 31 | 01 01000000 32"))
	split := Split(1 << 20)
	var q Request
	b.ReportAllocs()
	for b.Loop() {
		n, err := split(frame)
		if err != nil {
			b.Fatal(err)
		}
		if err := ParseRequest(frame[HeaderLen:n], &q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	var q Request
	if err := ParseRequest(unhex(b, "01 "+vS+" ff 00 03000000 00 | 01 03616464 02 | ffff | 02 | 01 01000000 31 | 01 01000000 32"), &q); err != nil {
		b.Fatal(err)
	}
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		frame, err := AppendRequest(AppendHeader(buf, FlagCallRequest, RequestLen(&q)), &q)
		if err != nil || len(frame) != HeaderLen+RequestLen(&q) {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseWaitPing(b *testing.B) {
	body := (&WaitPing{Sign: 3, Source: Str("01-00-00-00"), Version: 1}).AppendJSON(nil, Indented)
	var m WaitPing
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseWaitPing(body, &m); err != nil {
			b.Fatal(err)
		}
	}
}
