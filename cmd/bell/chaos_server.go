package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"time"

	"github.com/bellpull/bellpull"
)

// The faults of --fault, each with the verdict that must notice it.
var chaosFaults = map[string]string{
	"lose":  "a server acknowledges some calls without writing them down: lost",
	"twice": "a server writes some calls down twice: doubled",
	"lie":   "a client takes some acknowledged calls for ones that never ran: wrong",
	"hang":  "a call of a client never comes back: hung",
	"late":  "some calls of a client come back late: late",
	"deaf":  "a client stops calling one of the servers: away",
	"leak":  "a server ends with a goroutine, an open file and its socket: leaked",
	"crash": "a server dies by itself: broken",
	"stay":  "no server ends when it is told to: leaked",
}

// faultEvery is how many calls of a faulty process go right before one does not.
const faultEvery = 50

// partConfig is the argument of the processes of a run.
type partConfig struct {
	Protocol  string            `json:"protocol"`
	Transport string            `json:"transport"`
	Fault     string            `json:"fault,omitempty"`
	File      string            `json:"file"`      // the server's journal, or the client's log
	Addrs     []string          `json:"addresses"` // where the server listens, or the servers are
	Name      string            `json:"name,omitempty"`
	Known     map[string]string `json:"known,omitempty"` // where processes of these names listen

	// Of clients:
	Own      string        `json:"own,omitempty"` // where it listens itself
	Seed     uint64        `json:"seed"`
	Client   int           `json:"client"`
	Life     int           `json:"life"`
	Callers  int           `json:"callers"`
	Deadline time.Duration `json:"deadline"`
	Pause    time.Duration `json:"pause"`
	Plain    bool          `json:"plain"` // small calls without holds, as fast as they go
	FailFast bool          `json:"fail_fast"`
}

func parsePart(arg string) (c partConfig, p bellpull.Protocol, err error) {
	if err := json.Unmarshal([]byte(arg), &c); err != nil {
		return c, nil, usage("demo-part: %v", err)
	}
	row := chaosProtocolOf(c.Protocol)
	if row == nil || len(c.Addrs) == 0 {
		return c, nil, usage("demo-part: no protocol or address in %s", arg)
	}
	return c, row.open(c.Transport), nil
}

// node makes the node of a process.
func (c *partConfig) node(opts ...bellpull.NodeOption) (*bellpull.Node, error) {
	n := bellpull.NewNode(c.Name, opts...)
	for name, addr := range c.Known {
		if err := n.Know(name, addr); err != nil {
			n.Close(context.Background())
			return nil, err
		}
	}
	return n, nil
}

// A call's body: its id, how many milliseconds the handler waits before it writes the id down and afterwards, and any
// bytes behind that. The answer is the body.
const (
	bodyID     = 0
	bodyBefore = journalLen
	bodyAfter  = journalLen + 1
	bodyMin    = journalLen + 2
)

// runJournal is the server: CONFIG. It appends the id of each call to the file before it answers.
func runJournal(ctx context.Context, a *app, args []string) error {
	c, proto, err := parsePart(args[0])
	if err != nil {
		return err
	}
	f, err := appendTo(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	before := heldAtFirst()
	fault := faultOf(c.Fault)
	crash := make(chan struct{})
	m := bellpull.NewMux()
	m.Handle("append", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		body := r.Body()
		if len(body) < bodyMin {
			w.Fail(fmt.Errorf("a body of %d bytes", len(body)))
			return
		}
		hold(body[bodyBefore])
		id := body[bodyID : bodyID+journalLen]
		switch what := fault(); what {
		case "lose":
		case "crash":
			close(crash)
		default:
			n, err := f.Write(id)
			if what == "twice" {
				_, err = f.Write(id)
			}
			if err != nil || n != journalLen {
				w.Fail(fmt.Errorf("wrote %d bytes: %v", n, err))
				return
			}
		}
		hold(body[bodyAfter])
		w.Write(body)
	}))
	node, err := c.node(bellpull.WithMux(m))
	if err != nil {
		return err
	}
	defer node.Close(context.Background())
	if err := node.Listen(ctx, c.Addrs[0], proto); err != nil {
		return err
	}
	a.write(fmt.Appendf(nil, "ready %s\n", node.Addrs()[0]))
	select {
	case <-ctx.Done():
	case <-crash:
		return &localError{fmt.Errorf("a fault that was asked for"), "leave out --fault"}
	}
	if c.Fault == "stay" {
		<-make(chan struct{})
	}
	if err := closeNode(node); err != nil {
		return err
	}
	if c.Fault == "leak" {
		l, err := net.Listen("unix", filepath.Join(filepath.Dir(c.File), socketDir, filepath.Base(c.File)+".leak"))
		if err != nil {
			return &localError{err, "see the cause"}
		}
		go l.Accept()
	}
	tellLeft(a, before)
	return nil
}

// hold waits for so many milliseconds.
func hold(ms byte) {
	if ms > 0 {
		time.Sleep(time.Duration(ms) * time.Millisecond)
	}
}

// closeLimit bounds the end of a node.
const closeLimit = 5 * time.Second

func closeNode(n *bellpull.Node) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	return n.Close(ctx)
}
