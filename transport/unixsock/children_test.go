//go:build linux || darwin

package unixsock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// children are the programs that the test binary can be. Each writes lines and ends with its input.
var children = map[string]func(args []string){
	"listen":  childListen,
	"dial":    childDial,
	"inherit": childInherit,
	"race":    childRace,
}

// childListen listens at args[0] and echoes. The other arguments are private directories.
func childListen(args []string) {
	l, err := Listen(context.Background(), args[0], WithDirs(args[1:]...), WithMode(0o777))
	if err != nil {
		owner, _ := errors.AsType[*transport.OwnerError](err)
		if owner == nil {
			owner = &transport.OwnerError{}
		}
		fmt.Println("failed", kindsOf(err), owner.PID, err)
		return
	}
	fmt.Println("listening")
	go echo(l)
	io.Copy(io.Discard, os.Stdin)
	l.Close()
	fmt.Println("closed")
}

func echo(l *Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			io.Copy(c, c)
			c.Close()
		}()
	}
}

// childDial dials args[0], says what came of it, and then reads to the end. The other arguments are private
// directories.
func childDial(args []string) {
	c, err := Dial(context.Background(), args[0], WithDirs(args[1:]...))
	if err != nil {
		fmt.Println("failed", kindsOf(err), err)
		return
	}
	fmt.Println("connected")
	c.SetDeadline(time.Now().Add(patience))
	n, err := io.Copy(io.Discard, c)
	fmt.Println("end", n, err)
	c.Close()
}

// childInherit takes over what systemd would have passed and echoes.
func childInherit([]string) {
	// The parent cannot know our pid before we run.
	if os.Getenv("LISTEN_PID") == "self" {
		os.Setenv("LISTEN_PID", fmt.Sprint(os.Getpid()))
	}
	ls, err := Inherited()
	if err != nil {
		fmt.Println("failed", strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	for _, l := range ls {
		fmt.Println("listener", l.Name(), l.Path())
		go echo(l)
	}
	again, err := Inherited()
	fmt.Println("again", len(again), err, os.Getenv("LISTEN_FDS"))
	io.Copy(io.Discard, os.Stdin)
	for _, l := range ls {
		l.Close()
	}
	fmt.Println("closed")
}
