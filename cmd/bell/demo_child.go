package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/bellpull/bellpull/dmtp"
)

// demoToken is the secret between the processes of the demo: where there are no Unix sockets they meet over tcp.
const demoToken = "demo"

func demoProtocol() *dmtp.Protocol { return &dmtp.Protocol{Token: demoToken} }

// demoAddr gives an address that a process of the demo can listen at.
func demoAddr(dir, name string) string {
	if runtime.GOOS == "windows" {
		return "tcp:127.0.0.1:0"
	}
	return "unix:" + filepath.Join(dir, name+".sock")
}

// demoPaste gives the lines to paste.
func demoPaste(bell string) (serve, call string) {
	if runtime.GOOS == "windows" {
		return bell + " serve tcp:127.0.0.1:7789 --token demo", bell + " call tcp:127.0.0.1:7789 add 1 2 --token demo"
	}
	return bell + " serve local:demo", bell + " call local:demo add 1 2"
}

// rawListen listens without Bellpull, for what it is compared with.
func rawListen(dir, name string) (net.Listener, error) {
	if runtime.GOOS == "windows" {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	return net.Listen("unix", filepath.Join(dir, name+".sock"))
}

// demoPartCmd is what demo, chaos and bench run in other processes. Each ends when its input does, so none outlives them.
func (a *app) demoPartCmd() *cobra.Command {
	roles := map[string]struct {
		args int
		run  func(ctx context.Context, a *app, args []string) error
	}{
		"echo":    {1, runEcho},
		"journal": {1, runJournal},
		"client":  {1, runClient},
		"bench":   {2, runBenchServer},
	}
	return &cobra.Command{
		Use:    "demo-part ROLE [ARG...]",
		Hidden: true,
		Args:   usageArgs(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			role, ok := roles[args[0]]
			if !ok || len(args)-1 != role.args {
				return usage("demo-part is for bell demo, chaos and bench alone")
			}
			ctx, cancel := context.WithCancel(cmd.Context())
			defer cancel()
			over := make(chan struct{})
			defer close(over)
			go func() {
				io.Copy(io.Discard, a.in)
				cancel()
				<-over // until then it counts as it did at first, for those who count goroutines
			}()
			return role.run(ctx, a, args[1:])
		},
	}
}

// A child is a process of demo, chaos or bench.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string // of its output
	errs  strings.Builder
	wait  func() error // may be called again
}

// startPart runs this program again in a role. The process ends with ctx at the latest.
func startPart(ctx context.Context, args ...string) (*child, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Args = append([]string{os.Args[0], "demo-part"}, args...)
	cmd.WaitDelay = time.Second
	setApart(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in, lines: make(chan string, 64), wait: sync.OnceValue(cmd.Wait)}
	cmd.Stderr = &c.errs
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.lines)
		s := bufio.NewScanner(out)
		for s.Scan() {
			c.lines <- s.Text()
		}
	}()
	return c, nil
}

// expect reads lines until one that begins with word and gives what follows the word.
func (c *child) expect(ctx context.Context, word string) (rest string, err error) {
	for {
		select {
		case line, ok := <-c.lines:
			if !ok {
				err := c.wait()
				return "", errors.Join(fmt.Errorf("the process ended before it said %q", word), err, lastWords(&c.errs))
			}
			if first, rest, _ := strings.Cut(line, " "); first == word {
				return rest, nil
			}
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for %q: %w", word, ctx.Err())
		}
	}
}

// stop ends the process in an orderly way and waits for it.
func (c *child) stop() error {
	c.in.Close()
	for range c.lines { // so that it is not stuck writing, and Wait may close the pipe
	}
	return c.wait()
}

// lastWords gives what a process wrote to its standard error, nil when it wrote nothing.
func lastWords(b *strings.Builder) error {
	if b.Len() == 0 {
		return nil
	}
	return errors.New(strings.TrimSpace(b.String()))
}

// errMissing says that a part of the demo is not built in.
var errMissing = errors.New("not part of this build")
