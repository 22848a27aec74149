//go:build linux || darwin

package unixsock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull/internal/fdtest"
	"github.com/bellpull/bellpull/transport"
)

// childRace listens at args[0] when it is told to, any number of times; the other arguments are private directories. It
// is told
//
//	race TIME   at that time, in nanoseconds of the wall clock, close the listener if there is one, and listen; the
//	            answer is "won", or "lost", the error's kinds, the owner's pid and the error
//	close       close the listener; the answer is "closed"
func childRace(args []string) {
	var l *Listener
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch what, at, _ := strings.Cut(in.Text(), " "); what {
		case "race":
			when, _ := strconv.ParseInt(at, 10, 64)
			for time.Now().UnixNano() < when { // a sleep would end at another time in each process
			}
			var err error
			if l != nil {
				err = l.Close()
				l = nil
			}
			if err != nil {
				fmt.Println("close:", err)
				continue
			}
			if l, err = Listen(context.Background(), args[0], WithDirs(args[1:]...)); err == nil {
				fmt.Println("won")
				go echo(l)
				continue
			}
			owner, _ := errors.AsType[*transport.OwnerError](err)
			if owner == nil {
				owner = &transport.OwnerError{}
			}
			fmt.Println("lost", kindsOf(err), owner.PID, err)
		case "close":
			if err := l.Close(); err != nil {
				fmt.Println("close:", err)
				continue
			}
			l = nil
			fmt.Println("closed")
		}
	}
}

// raceLead is how far in the future a race begins: both processes must have read when.
const raceLead = 200 * time.Microsecond

// TestBindRaceAThousandTimes: two processes begin to listen on one private name at one moment, a thousand times. Exactly
// one wins each time, and can be talked to; the other is told the winner's process. Between the rounds the winner closes
// in order, or closes just when the next round begins, or is killed, so that its socket and its lock are in the way.
func TestBindRaceAThousandTimes(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	const killEvery = 16
	fdtest.Same(t)
	dir, dirs := homes(t)
	begin := func() *child {
		c := spawn(t, "race", nil, "local:r", dir)
		if got := c.line(); got != "ready" {
			t.Fatal(got)
		}
		return c
	}
	cs := [2]*child{begin(), begin()}
	won := [2]int{}
	for i := range rounds {
		when := time.Now().Add(raceLead).UnixNano()
		for _, c := range cs {
			fmt.Fprintf(c.in, "race %d\n", when)
		}
		said := [2]string{cs[0].line(), cs[1].line()}
		w := 0
		if said[1] == "won" {
			w = 1
		}
		winner := cs[w].Process.Pid
		if said[w] != "won" || !strings.HasPrefix(said[1-w], fmt.Sprintf("lost in-use %d ", winner)) {
			t.Fatalf("round %d: process %d says %q, process %d says %q; want one that won and one that names it", i,
				cs[0].Process.Pid, said[0], cs[1].Process.Pid, said[1])
		}
		won[w]++
		c, err := Dial(t.Context(), "local:r", dirs)
		if err != nil {
			t.Fatalf("round %d: the winner cannot be reached: %v", i, err)
		}
		if id := c.Identity(); id.PID != winner {
			t.Fatalf("round %d: process %d serves, %d won", i, id.PID, winner)
		}
		c.Close()
		switch {
		case i%killEvery == killEvery-1:
			cs[w].kill()
			cs[w] = begin()
			for _, left := range []string{"r.sock", "r.lock"} {
				if _, err := os.Lstat(filepath.Join(dir, left)); err != nil {
					t.Fatalf("round %d: nothing lies in the way of the next: %v", i, err)
				}
			}
		case i%3 > 0:
			fmt.Fprintln(cs[w].in, "close")
			if got := cs[w].line(); got != "closed" {
				t.Fatalf("round %d: %s", i, got)
			}
		}
	}
	t.Logf("%d and %d rounds won", won[0], won[1])
	if won[0] == 0 || won[1] == 0 {
		t.Errorf("one process won all %d rounds: this was no race", rounds)
	}
}

// TestBindRaceInOneProcessAThousandTimes is the same with goroutines. in every sixteenth round the remains of a killed
// process are in the way.
func TestBindRaceInOneProcessAThousandTimes(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	fdtest.Same(t)
	dir, dirs := homes(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range rounds {
		if i%16 == 15 {
			stale(t, filepath.Join(dir, "r.sock"))
			os.WriteFile(filepath.Join(dir, "r.lock"), []byte("999999999\n"), 0o600)
		}
		var ls [2]*Listener
		var errs [2]error
		begin := make(chan struct{})
		var wg sync.WaitGroup
		for n := range ls {
			wg.Go(func() {
				<-begin
				ls[n], errs[n] = Listen(t.Context(), "local:r", dirs)
			})
		}
		close(begin)
		wg.Wait()
		w := 0
		if errs[1] == nil {
			w = 1
		}
		if errs[w] != nil || errs[1-w] == nil {
			t.Fatalf("round %d: %v and %v, want one winner", i, errs[0], errs[1])
		}
		wantError(t, errs[1-w], transport.ErrInUse)
		wantOwner(t, errs[1-w], os.Getpid())
		if err := ls[w].Close(); err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Fatalf("round %d: Close left %v", i, left)
		}
	}
}
