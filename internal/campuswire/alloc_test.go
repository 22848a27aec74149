package campuswire

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/netjson"
)

// TestFastPathsDoNotAllocate guards what every message passes through.
func TestFastPathsDoNotAllocate(t *testing.T) {
	var f Framing
	split := f.Split(0)
	room := make([]byte, 0, 1024)
	call := JSONRoute("/echo", []byte(docFoo))
	frame, _ := f.AppendRequest(nil, 1, 2, &call)
	add := invocations[0].want
	doc := []byte(docAdd)
	m := Invocation{Args: make([]Value, 4)}
	ret := Return{Result: Plain([]byte("3"))}
	retDoc := ret.AppendJSON(nil, netjson.EscapeAll)
	var failed error
	check := func(name string, do func() error) {
		if n := testing.AllocsPerRun(100, func() {
			if err := do(); err != nil {
				failed = err
			}
		}); n != 0 || failed != nil {
			t.Errorf("%s: %v allocations, %v", name, n, failed)
		}
	}
	check("read a request", func() error {
		_, err := split(frame)
		h, err2 := f.ParseFrame(frame)
		e, err3 := ParseRequest(h.Content)
		body, ok := BusinessJSONRoute.Strip(e.Body)
		_, _, err4 := ParseRoute(body)
		if h.Kind() != KindRequest || !ok {
			return errors.New("no request")
		}
		return errors.Join(err, err2, err3, err4)
	})
	check("write a request", func() error {
		n, err := f.CallLen(&call)
		b, err2 := f.AppendRequest(room, 1, 2, &call)
		if len(b) != n {
			return errors.New("another length")
		}
		return errors.Join(err, err2)
	})
	check("write a notify and an answer", func() error {
		_, err := f.AppendNotify(room, 1, &call)
		_, err2 := f.AppendResponse(room, 1, 2, &call)
		_, err3 := f.AppendRegister(room, 1, "alpha")
		return errors.Join(err, err2, err3)
	})
	check("read an invocation", func() error { return ParseInvocation(doc, &m) })
	check("write an invocation", func() error { add.AppendJSON(room, netjson.EscapeAll); return nil })
	check("read a return", func() error { var r Return; return ParseReturn(retDoc, &r) })
	check("write a return", func() error { ret.AppendJSON(room, netjson.EscapeAll); return nil })
}

// TestLittleInputHoldsLittle gives documents that claim much in few bytes.
func TestLittleInputHoldsLittle(t *testing.T) {
	const size = 1 << 20
	args := `{"t":"T","m":"M","c":3,"a":[` + strings.Repeat("{},", size/3)
	headers := `{"Headers":[` + strings.Repeat(`{"Key":"X","Value":[]},`, size/23)
	values := `{"Headers":[{"Key":"X","Value":[` + strings.Repeat(`"",`, size/3)
	deep := strings.Repeat("[", size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	errs := []error{
		ParseInvocation([]byte(args), new(Invocation)),
		ParseHTTPRequest([]byte(headers), new(HTTPRequest)),
		ParseHTTPResponse([]byte(values), new(HTTPResponse)),
		ParseReturn([]byte(deep), new(Return)),
	}
	runtime.ReadMemStats(&after)
	for i, want := range []error{ErrTooMany, ErrTooMany, ErrTooMany, ErrDepth} {
		if !errors.Is(errs[i], want) {
			t.Errorf("%d: %v, want %v", i, errs[i], want)
		}
	}
	// The conversions of the texts to bytes are 4 MiB themselves.
	if n := after.TotalAlloc - before.TotalAlloc; n > 6<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// TestViewsAliasTheirInput guards the promise of the package comment: nothing is copied that need not be.
func TestViewsAliasTheirInput(t *testing.T) {
	doc := []byte(docAdd)
	var m Invocation
	if err := ParseInvocation(doc, &m); err != nil {
		t.Fatal(err)
	}
	copy(doc, bytes.ReplaceAll(doc, []byte("Add"), []byte("Sub")))
	if m.Name.String() != "Sub" {
		t.Errorf("got %s", m.Name)
	}
	// Appending to a view does not write into what is behind it.
	_ = append(m.Args[0].JSON, "xxxx"...)
	_ = append(m.Name, "xxxx"...)
	if !bytes.Equal(doc, bytes.ReplaceAll([]byte(docAdd), []byte("Add"), []byte("Sub"))) {
		t.Errorf("the document is now %s", doc)
	}
}

func BenchmarkReadRequest(b *testing.B) {
	var f Framing
	call := RawRoute("add", []byte("[1,2]"))
	frame, _ := f.AppendRequest(nil, 1, 2, &call)
	split := f.Split(0)
	b.ReportAllocs()
	for b.Loop() {
		n, err := split(frame)
		if err != nil {
			b.Fatal(err)
		}
		h, _ := f.ParseFrame(frame[:n])
		e, _ := ParseRequest(h.Content)
		body, _ := BusinessRawRoute.Strip(e.Body)
		if _, _, err := ParseRoute(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	var f Framing
	call := RawRoute("add", []byte("[1,2]"))
	room := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.AppendRequest(room, 1, 2, &call); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseInvocation(b *testing.B) {
	doc := []byte(docAdd)
	var m Invocation
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseInvocation(doc, &m); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendInvocation(b *testing.B) {
	m := invocations[0].want
	room := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		m.AppendJSON(room, netjson.EscapeAll)
	}
}
