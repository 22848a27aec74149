// Command program uses Bellpull as a program of another module does: the public API only. It runs servers and clients
// in one process, prints one line for each step and exits with 1 when one of them goes wrong.
package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

// A step tries one part of the API with sockets in dir.
type step struct {
	name string
	run  func(ctx context.Context, dir string) error
}

var steps = []step{
	{"call", call},
	{"errors", callErrors},
	{"bytes", callBytes},
	{"notify", notify},
	{"channel", channel},
	{"nodes", nodes},
	{"tokens", tokens},
	{"peer handlers", peerHandlers},
	{"frames", frames},
	{"interceptors", interceptors},
	{"deadline", deadline},
	{"allocations", allocations},
}

func main() {
	failed := false
	for _, s := range steps {
		if err := try(s); err != nil {
			failed = true
			fmt.Printf("%s: %v\n", s.name, err)
			continue
		}
		fmt.Printf("%s: ok\n", s.name)
	}
	if failed {
		os.Exit(1)
	}
}

func try(s step) error {
	dir, err := os.MkdirTemp("", "bell")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return s.run(ctx, dir)
}
