package campus

import (
	"errors"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/transport"
)

var (
	errOtherUser = errors.New("a process of another user")
	errEarly     = errors.New("too much before the registration")
	errSilent    = errors.New("no registration in time")
)

const (
	// maxEarly and maxEarlyBytes bound what a connection may send before its registration.
	maxEarly      = 64
	maxEarlyBytes = 64 << 10
)

// An inbound is an accepted connection: what the other process writes on.
type inbound struct {
	conn   transport.Conn
	port   transport.Port
	number int64    // in the order of accepting
	name   string   // that was registered; "" before
	early  [][]byte // frames that came before the registration (section 14, Q5)
	size   int      // of those
}

// inbound makes one. Before its registration no frame may be longer than all that is kept of such: a stranger is to cost
// little.
func (e *engine) inbound(c transport.Conn) *inbound {
	in, split := &inbound{conn: c}, e.framing.Split(campuswire.MaxContent)
	in.port = e.port(c, func(b []byte) (int, error) {
		n, err := split(b)
		if in.name == "" && n > maxEarlyBytes {
			return 0, errEarly
		}
		return n, err
	})
	return in
}

// register reads until the first registration and hands the connection on.
func (e *engine) register(in *inbound) {
	err := in.await(e, transport.Now()+int64(e.cfg.RegisterTimeout))
	e.mu.Lock()
	for i, p := range e.pending {
		if p == in {
			e.pending = append(e.pending[:i:i], e.pending[i+1:]...)
			break
		}
	}
	e.mu.Unlock()
	if err != nil {
		in.port.Close()
		if !errors.Is(err, errHungUp) { // a probe: somebody looked whether we are there
			e.refused(in.name, in.conn.Identity(), err)
		}
		return
	}
	e.arrived(in)
}

var errHungUp = errors.New("hung up before the registration")

// await reads the registration.
func (in *inbound) await(e *engine, until int64) error {
	for {
		frame, ok, err := in.port.Next()
		switch {
		case err != nil:
			return bellpull.WrapTransport("accept", in.conn.Identity().Remote, err)
		case ok:
			f, err := e.framing.ParseFrame(frame)
			if err != nil {
				return err
			}
			switch f.Kind() {
			case campuswire.KindRegister:
				if in.name, err = campuswire.ParseRegister(f.Content); err == nil {
					return nil
				}
				// As the original: what cannot be read is ignored.
			case campuswire.KindDiscard:
			default:
				if len(in.early) == maxEarly || in.size+len(frame) > maxEarlyBytes {
					return errEarly
				}
				in.early = append(in.early, append([]byte(nil), frame...))
				in.size += len(frame)
			}
			continue
		case transport.Now() >= until:
			return errSilent
		}
		if err := in.port.Wait(until); err != nil {
			return errHungUp
		}
	}
}

// earlyPort gives out first what came before the registration.
type earlyPort struct {
	transport.Port
	early [][]byte
}

func (p *earlyPort) Next() ([]byte, bool, error) {
	if len(p.early) > 0 {
		f := p.early[0]
		p.early = p.early[1:]
		return f, true, nil
	}
	return p.Port.Next()
}

// reader gives the port that a link reads from.
func (in *inbound) reader() transport.Port {
	if len(in.early) == 0 {
		return in.port
	}
	return &earlyPort{in.port, in.early}
}

// ended says that nothing more comes on a connection that was accepted than is there already, where the carrier can tell:
// the process that dialled has closed it, or is no more.
func ended(c transport.Conn) bool {
	e, ok := c.(transport.Ender)
	return ok && e.Ended()
}
