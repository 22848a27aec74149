package pump_test

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/pump"
	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

// gated is a Port that is not read while the gate is shut.
type gated struct {
	transport.Port
	gate chan struct{} // closed to open
}

func (p *gated) Wait(until int64) error {
	<-p.gate
	return p.Port.Wait(until)
}

// TestWhatWasSaidBeforeTheHangUpIsHeard: an answer that has arrived counts, though a write has failed since.
func TestWhatWasSaidBeforeTheHangUpIsHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := mem.Pipe()
		mon := pump.NewMonitor()
		defer mon.Close()
		l := &toy{host: &toyHost{}, ended: make(chan error, 1), gone: make(chan struct{})}
		port := &gated{transport.NewPort(a, toySplit, transport.PortConfig{}), make(chan struct{})}
		l.p = pump.New(port, port, l, l.host, mon, pump.Limits{})
		l.p.Start()
		go func() { // answers the first call and hangs up
			f := make([]byte, 64)
			n, _ := b.Read(f)
			f[4] = kindAnswer
			b.Write(f[:n])
			b.Close()
		}()
		answer := make(chan error, 1)
		go func() {
			got, err := l.call(t.Context(), "x", 0)
			if err == nil && got != "x" {
				err = errors.New(got)
			}
			answer <- err
		}()
		synctest.Wait()
		l.note("this fails")
		if l.p.Err() != nil {
			t.Fatal("ended by the write:", l.p.Err())
		}
		_, err := l.p.Reserve(t.Context(), 10, 0)
		if !errors.Is(err, bellpull.ErrUnavailable) || bellpull.ExecutedOf(err) != bellpull.Never {
			t.Error("room on a link that cannot be written to:", err)
		}
		close(port.gate)
		if err := <-answer; err != nil {
			t.Error("an answer that had arrived:", err)
		}
		<-l.ended
		<-l.gone
	})
}

// TestALinkThatCannotBeWrittenEnds: soon, though the other side goes on sending.
func TestALinkThatCannotBeWrittenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := mem.Pipe()
		mon := pump.NewMonitor()
		defer mon.Close()
		l := &toy{host: &toyHost{}, ended: make(chan error, 1), gone: make(chan struct{})}
		port := &unwritable{transport.NewPort(a, toySplit, transport.PortConfig{})}
		l.p = pump.New(port, port, l, l.host, mon, pump.Limits{})
		l.p.Start()
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		defer wg.Wait()
		defer stop()
		wg.Go(func() {
			frame := binary.LittleEndian.AppendUint32(nil, toyHeader)
			for frame = append(frame, kindAnswer, 0, 0, 0, 0); ctx.Err() == nil; time.Sleep(time.Millisecond) {
				b.Write(frame)
			}
			b.Close()
		})
		from := time.Now()
		l.note("x")
		<-l.ended
		if took := time.Since(from); took > 50*time.Millisecond {
			t.Error("ended after", took)
		}
		<-l.gone
	})
}

// unwritable is a Port whose carrier takes nothing.
type unwritable struct{ transport.Port }

var errUnwritable = errors.New("broken pipe")

func (p *unwritable) Flush() (bool, error) { return false, errUnwritable }
