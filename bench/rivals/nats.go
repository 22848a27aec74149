package rivals

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/worker"
)

// natsGo is a service and its callers as clients of a NATS server, which is a process of its own. It speaks TCP only.
// What the server process uses counts as the service's.
func natsGo() rival.Peer {
	return rival.Peer{Facts: rival.Facts{Name: "nats", About: "NATS request and reply through a nats-server process over TCP; one-way: publish"}, Serve: serveNATS,
		Open: rival.Each(func(addr string, _ int) (rival.Conn, error) {
			c, err := connectNATS(addr)
			return &natsConn{c: c}, err
		}),
	}
}

// NATSBroker is the peer of the program natsbroker, and NATSProgram the environment variable that says where that is.
const (
	NATSBroker  = "nats-broker"
	NATSProgram = "BENCH_NATS_BROKER"
)

const (
	subjectCall = "bench.call"
	subjectTake = "bench.take"
	natsWait    = 10 * time.Second
	natsCredit  = 4096 // notifies that may be under way: a NATS server cuts off who does not keep up
)

func serveNATS(addr string, s *rival.Server) error {
	program := os.Getenv(NATSProgram)
	if program == "" {
		return errors.New(NATSProgram + " does not say where the program natsbroker is")
	}
	ctx, cancel := context.WithTimeout(context.Background(), natsWait)
	defer cancel()
	broker, err := worker.Start(ctx, program, nil, worker.Server, NATSBroker, addr)
	if err != nil {
		return err
	}
	s.Help(func() (u rival.Usage, err error) {
		ctx, cancel := context.WithTimeout(context.Background(), natsWait)
		defer cancel()
		return u, broker.Ask(ctx, worker.Command{Do: worker.Used}, &u)
	})
	c, err := connectNATS(addr)
	if err != nil {
		return err
	}
	if _, err := c.Subscribe(subjectCall, func(m *nats.Msg) {
		if rival.Asleep(m.Data) {
			go func() {
				s.Handle(m.Data)
				m.Respond(m.Data)
			}()
			return
		}
		s.Handle(m.Data)
		m.Respond(m.Data)
	}); err != nil {
		return err
	}
	take, err := c.Subscribe(subjectTake, func(m *nats.Msg) {
		s.Take(m.Data)
		if m.Reply != "" {
			m.Respond(nil)
		}
	})
	if err != nil {
		return err
	}
	if err := take.SetPendingLimits(-1, -1); err != nil {
		return err
	}
	return c.Flush()
}

// connectNATS connects to the server whose address is in a file.
func connectNATS(path string) (*nats.Conn, error) {
	url, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return nats.Connect(string(url), nats.NoReconnect())
}

type natsConn struct {
	c    *nats.Conn
	sent int
}

func (n *natsConn) Flush() error { return n.c.Flush() }

func (n *natsConn) Close() error {
	n.c.Close()
	return nil
}

func (n *natsConn) Call(b *rival.Buffers) error {
	m, err := n.c.Request(subjectCall, b.Body, natsWait)
	if err != nil {
		return err
	}
	return b.Check(m.Data)
}

// Notify publishes. Now and then one asks for a word that it has come, so that not too many are under way.
func (n *natsConn) Notify(body []byte) error {
	if n.sent++; n.sent%natsCredit != 0 {
		return n.c.Publish(subjectTake, body)
	}
	_, err := n.c.Request(subjectTake, body, natsWait)
	return err
}
