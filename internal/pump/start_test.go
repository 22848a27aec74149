package pump

import (
	"errors"
	"testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

type nothing struct{ gone chan struct{} }

func (nothing) Dispatch(*Reader, []byte) error      { return nil }
func (nothing) Answer(*Serving, bool) (bool, error) { return true, nil }
func (nothing) Ended(error)                         {}
func (n nothing) Gone()                             { close(n.gone) }

// TestALinkThatFailsBeforeItStartsIsForgotten: its owner may fail a link that another goroutine is about to start.
func TestALinkThatFailsBeforeItStartsIsForgotten(t *testing.T) {
	m := NewMonitor()
	defer m.Close()
	a, b := mem.Pipe()
	defer b.Close()
	n := nothing{make(chan struct{})}
	port := transport.NewPort(a, func(b []byte) (int, error) { return len(b), nil }, transport.PortConfig{})
	p := New(port, port, n, nil, m, Limits{})
	p.Fail(errors.New("early"))
	p.Start()
	<-n.gone
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.pumps) != 0 {
		t.Error("the monitor watches a link that has ended")
	}
}
