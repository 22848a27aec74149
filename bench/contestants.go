package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/rivals"
	"github.com/bellpull/bellpull/bench/worker"
)

// base is the peer that ratios are to.
const base = "raw"

// A contestant is a peer and the program that has it.
type contestant struct {
	rival.Facts
	program string
}

// contestants gives the peers of this program and of others, those in only where that is not empty, the base first.
func contestants(ctx context.Context, others []string, only string) (list []contestant, err error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for _, p := range rivals.All() {
		list = append(list, contestant{p.Known(), own})
	}
	for _, program := range others {
		more, err := listed(ctx, program)
		if err != nil {
			return nil, fmt.Errorf("-with %s: %w", program, err)
		}
		for _, f := range more {
			list = append(list, contestant{f, program})
		}
	}
	wanted := strings.FieldsFunc(only, func(r rune) bool { return r == ',' })
	for _, name := range wanted {
		if !slices.ContainsFunc(list, func(c contestant) bool { return c.Name == name && !c.Hidden }) {
			return nil, fmt.Errorf("-peers: there is no %q; there are %s", name, names(list))
		}
	}
	return slices.DeleteFunc(list, func(c contestant) bool {
		return c.Hidden || len(wanted) > 0 && c.Name != base && !slices.Contains(wanted, c.Name)
	}), nil
}

func names(list []contestant) string {
	var all []string
	for _, c := range list {
		if !c.Hidden {
			all = append(all, c.Name)
		}
	}
	return strings.Join(all, ", ")
}

// buildBroker builds the NATS server, which is a program of its own, and tells the workers where it is, unless the
// environment does already.
func buildBroker(ctx context.Context, dir string) error {
	if os.Getenv(rivals.NATSProgram) != "" {
		return nil
	}
	path := filepath.Join(dir, "natsbroker")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/bellpull/bellpull/bench/natsbroker").CombinedOutput()
	if err != nil {
		return fmt.Errorf("building natsbroker, in the directory of bench: %w: %s", err, out)
	}
	return os.Setenv(rivals.NATSProgram, path)
}

// listed asks a program for its peers.
func listed(ctx context.Context, program string) (facts []rival.Facts, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return facts, worker.List(ctx, program, &facts)
}
