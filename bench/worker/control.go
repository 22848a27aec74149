// Package worker is what runs in the processes of a measurement, and how another process starts them and tells them what to
// do: a line of JSON each way over their standard streams.
package worker

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/workload"
)

// Word is the first argument of a process that is a worker.
const Word = "worker"

// Roles of a worker: its second argument. The others are the name of a peer and an address.
const (
	Server = "server" // answers calls
	Sink   = "sink"   // reads streams
	Client = "client"
	Burner = "burner" // keeps a CPU busy
	Lister = "list"   // says which peers it has
)

// Verbs of a command.
const (
	Begin = "begin" // client: connect and warm up; answers Sent
	Run   = "run"   // client: do it, and answer with a Result
	Await = "await" // server: until so many have come; answers When
	Used  = "usage" // both
)

// A Command is what a worker is told.
type Command struct {
	Do       string            `json:"do"`
	Workload workload.Workload `json:"workload"` // Begin
	For      time.Duration     `json:"for"`      // Begin, for the warm-up; Run
	N        int64             `json:"n"`        // Await
	Memory   bool              `json:"memory"`   // Used
}

// Sent is what a client has sent since it began: notifies, or bytes of a stream.
type Sent struct {
	N int64 `json:"n"`
}

// When says at what time of the day, in nanoseconds since 1970, something was so.
type When struct {
	At int64 `json:"at"`
}

// A Result is what a client measured.
type Result struct {
	N     int64       `json:"n"`    // calls, messages or writes
	Sent  int64       `json:"sent"` // in all, as in Sent
	Began int64       `json:"began"`
	Ended int64       `json:"ended"`
	P50   float64     `json:"p50"` // microseconds
	P99   float64     `json:"p99"`
	P999  float64     `json:"p999"`
	Used  rival.Usage `json:"used"` // by the client meanwhile
}

// reply is a line of a worker.
type reply struct {
	Error string `json:"error,omitempty"`
	Unfit bool   `json:"unfit,omitempty"` // it is ErrUnfit
	Value any    `json:"value,omitempty"`
}

// Main runs a worker and gives its exit code: args are what follows Word. It ends when the standard input does.
func Main(peers []rival.Peer, args []string) int {
	if err := run(peers, args); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", Word, err)
		return 1
	}
	return 0
}

func run(peers []rival.Peer, args []string) error {
	out := json.NewEncoder(os.Stdout)
	if len(args) > 0 && args[0] == Lister {
		var list []rival.Facts
		for _, p := range peers {
			list = append(list, p.Known())
		}
		return out.Encode(reply{Value: list})
	}
	if len(args) == 1 && args[0] == Burner {
		out.Encode(reply{})
		return burn()
	}
	if len(args) != 3 {
		return fmt.Errorf("want a role, a peer and an address, got %q", args)
	}
	peer, err := find(peers, args[1])
	if err != nil {
		return err
	}
	var do func(Command) (any, error)
	switch args[0] {
	case Server, Sink:
		do, err = serve(peer, args[2], args[0] == Sink)
	case Client:
		c := &client{peer: peer, addr: args[2]}
		do = c.do
	default:
		err = fmt.Errorf("no role %q", args[0])
	}
	if err != nil {
		return err
	}
	if err := out.Encode(reply{}); err != nil { // ready
		return err
	}
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var c Command
		if err := in.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		v, err := do(c)
		r := reply{Value: v}
		if err != nil {
			r = reply{Error: err.Error(), Unfit: errors.Is(err, ErrUnfit)}
		}
		if err := out.Encode(r); err != nil {
			return err
		}
	}
}

func find(peers []rival.Peer, name string) (rival.Peer, error) {
	for _, p := range peers {
		if p.Name == name {
			return p, nil
		}
	}
	return rival.Peer{}, fmt.Errorf("there is no peer %q in this program", name)
}

// burn keeps a CPU busy until the standard input ends.
func burn() error {
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		done <- err
	}()
	for n := 0; ; n++ {
		if n%1000 != 0 {
			continue
		}
		select {
		case err := <-done:
			return err
		default:
		}
	}
}
