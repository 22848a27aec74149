// Command natsbroker is the NATS server of the peer nats. It is a program of its own because its packages wake up a few
// times a second even when nobody uses them, which would be counted as the other peers'.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/rivals"
	"github.com/bellpull/bellpull/bench/worker"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != worker.Word {
		fmt.Fprintln(os.Stderr, "natsbroker is for bench alone")
		os.Exit(2)
	}
	os.Exit(worker.Main([]rival.Peer{{Facts: rival.Facts{Name: rivals.NATSBroker, Hidden: true}, Serve: serve}}, os.Args[2:]))
}

// serve listens on TCP and writes its address to the path that it is given.
func serve(addr string, _ *rival.Server) error {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, MaxPayload: rivals.Largest})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return errors.New("the NATS server did not begin to listen")
	}
	return os.WriteFile(addr, []byte(s.ClientURL()), 0o600)
}
