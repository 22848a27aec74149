package transport_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// split cuts frames of a u32 length, the four bytes included.
func split(b []byte) (int, error) {
	if len(b) < 4 {
		return 0, nil
	}
	n := binary.LittleEndian.Uint32(b)
	if n < 4 {
		return 0, errors.New("no frame")
	}
	return int(n), nil
}

func frame(body []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(4+len(body))), body...)
}

// send puts a frame into a port's batch.
func send(t *testing.T, p transport.Port, f []byte) error {
	t.Helper()
	b, err := p.Reserve(len(f))
	if err != nil {
		return err
	}
	p.Commit(copy(b, f))
	return nil
}

// next waits for a frame.
func next(t *testing.T, p transport.Port) ([]byte, error) {
	t.Helper()
	for {
		f, ok, err := p.Next()
		if ok || err != nil {
			return f, err
		}
		if err := p.Wait(0); err != nil {
			return nil, err
		}
	}
}

func ports(cfg transport.PortConfig) (transport.Port, *mem.Conn) {
	a, b := mem.Pipe()
	return transport.NewPort(a, split, cfg), b
}

func TestFramesComeWholeHoweverTheBytesArrive(t *testing.T) {
	var stream []byte
	var want [][]byte
	for i := range 40 {
		f := frame(bytes.Repeat([]byte{byte(i)}, i*i*11))
		want = append(want, f)
		stream = append(stream, f...)
	}
	for _, step := range []int{1, 3, 7, 4096, len(stream)} {
		p, far := ports(transport.PortConfig{})
		go func() {
			for rest := stream; len(rest) > 0; {
				n := min(step, len(rest))
				far.Write(rest[:n])
				rest = rest[n:]
			}
			far.Close()
		}()
		for i, w := range want {
			got, err := next(t, p)
			if err != nil || !bytes.Equal(got, w) {
				t.Fatalf("step %d, frame %d: %d bytes, %v", step, i, len(got), err)
			}
		}
		if _, err := next(t, p); err != io.EOF {
			t.Errorf("step %d: %v, want EOF", step, err)
		}
		p.Close()
	}
}

func TestAnEndInsideAFrameIsUnexpected(t *testing.T) {
	p, far := ports(transport.PortConfig{})
	far.Write(frame(make([]byte, 100))[:50])
	far.Close()
	if _, err := next(t, p); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}

func TestBrokenFramingIsATypedError(t *testing.T) {
	p, far := ports(transport.PortConfig{MaxFrame: 1000})
	far.Write([]byte{1, 0, 0, 0})
	if _, err := next(t, p); !errors.Is(err, transport.ErrFrame) {
		t.Error(err)
	}
	p, far = ports(transport.PortConfig{MaxFrame: 1000})
	far.Write([]byte{0xe9, 3, 0, 0}) // 1001
	_, err := next(t, p)
	var limit *transport.LimitError
	if !errors.Is(err, transport.ErrTooLarge) || !errors.As(err, &limit) || limit.Size != 1001 || limit.Limit != 1000 {
		t.Error(err)
	}
	if _, err := p.Reserve(1001); !errors.Is(err, transport.ErrTooLarge) {
		t.Error(err)
	}
}

func TestMemoryIsClaimedAsBytesArrive(t *testing.T) {
	const conns = 1000
	var list []transport.Port
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range conns {
		a, far := mem.Pipe(mem.Buffer(512))
		p := transport.NewPort(a, split, transport.PortConfig{})
		far.Write(binary.LittleEndian.AppendUint32(nil, 16<<20)) // claims the largest frame
		for range 2 {
			if err := p.Wait(transport.Now() + int64(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if _, ok, err := p.Next(); ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		list = append(list, p)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("%d connections hold %d bytes", conns, grown)
	}
	runtime.KeepAlive(list)
}

func TestAFullBatchRefusesAndLosesNothing(t *testing.T) {
	a, far := mem.Pipe(mem.Buffer(1000))
	p := transport.NewPort(a, split, transport.PortConfig{MaxBatch: 10_000})
	f := frame(make([]byte, 996))
	sent := 0
	for {
		err := send(t, p, f)
		if errors.Is(err, transport.ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sent++
	}
	if sent != 10 || p.Queued() != 10_000 {
		t.Error(sent, p.Queued())
	}
	rest, err := p.Flush()
	if !rest || err != nil {
		t.Fatal(rest, err)
	}
	if again, err := p.Flush(); again || err != nil {
		t.Error("a second owner of the rest:", again, err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.Drain(); err != nil {
			t.Error(err)
		}
	})
	got := make([]byte, 10_000)
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, bytes.Repeat(f, 10)) {
		t.Error(err)
	}
	wg.Wait()
	if err := send(t, p, f); err != nil || p.Queued() != 1000 {
		t.Error(err, p.Queued())
	}
}

func TestOneFrameMayExceedTheBatchWhenItIsAlone(t *testing.T) {
	p, _ := ports(transport.PortConfig{MaxBatch: 100})
	if err := send(t, p, frame(make([]byte, 5000))); err != nil {
		t.Error(err)
	}
	if err := send(t, p, frame(nil)); !errors.Is(err, transport.ErrFull) {
		t.Error(err)
	}
}

func TestConcurrentWritersKeepTheirFramesWhole(t *testing.T) {
	p, far := ports(transport.PortConfig{})
	const writers, each = 16, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := send(t, p, frame(bytes.Repeat([]byte{byte(w)}, 1+i))); err != nil {
					t.Error(err)
					return
				}
				rest, err := p.Flush()
				if err != nil {
					t.Error(err)
				}
				if rest {
					p.Drain()
				}
			}
		})
	}
	in := transport.NewPort(far, split, transport.PortConfig{})
	next16 := map[byte]int{}
	for range writers * each {
		f, err := next(t, in)
		if err != nil {
			t.Fatal(err)
		}
		w := f[4]
		if len(f) != 5+next16[w] || bytes.Count(f[4:], []byte{w}) != len(f)-4 {
			t.Fatalf("writer %d: frame of %d bytes at %d", w, len(f), next16[w])
		}
		next16[w]++
	}
	wg.Wait()
}

func TestWakeEndsAWaitBeforeAndDuringIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, far := ports(transport.PortConfig{})
		p.Wake()
		if err := p.Wait(0); err != nil { // would block for ever, and the bubble would say so
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Second)
			p.Wake()
		}()
		from := time.Now()
		if err := p.Wait(0); err != nil || time.Since(from) != time.Second {
			t.Error(err, time.Since(from))
		}
		if err := p.Wait(transport.Now() + int64(2*time.Second)); err != nil || time.Since(from) != 3*time.Second {
			t.Error(err, time.Since(from))
		}
		go far.Write(frame([]byte("x")))
		if f, err := next(t, p); err != nil || string(f[4:]) != "x" {
			t.Error(string(f), err)
		}
		p.Close()
		if _, err := next(t, p); err == nil {
			t.Error("a closed port reads")
		}
	})
}
