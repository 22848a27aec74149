package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/bellpull/bellpull"
)

// failures collects what went wrong beside the calls; for several goroutines.
type failures struct {
	mu   sync.Mutex
	all  []string
	more int
}

func (f *failures) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == maxBroken {
		f.more++
		return
	}
	f.all = append(f.all, oneLine(fmt.Sprintf(format, args...), 600))
}

func (f *failures) list() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.more > 0 {
		return append(f.all[:len(f.all):len(f.all)], fmt.Sprintf("and %d more", f.more))
	}
	return f.all
}

// A chaosProc is a server or client of a run, in one life after another.
type chaosProc struct {
	role
	errs    *failures
	life    int    // of the child, or of the next one
	child   *child // nil: it is not running
	stopped int64  // since when it is; 0: it is not
	out     *partOutput
}

// partOutput is what a child said. done is closed when it has ended.
type partOutput struct {
	done chan struct{}

	mu     sync.Mutex
	ending bool   // it was told to
	left   string // what follows the word "left"
}

// start starts a life.
func (p *chaosProc) start(part string, c partConfig) error {
	arg, err := json.Marshal(c)
	if err != nil {
		return err
	}
	// Not bound to a context: each child is ended by whoever started it, a stopped one as well.
	ch, err := startPart(context.Background(), part, string(arg))
	if err != nil {
		return err
	}
	p.child, p.out = ch, &partOutput{done: make(chan struct{})}
	go p.out.read(ch, fmt.Sprintf("%v, life %d", p.role, p.life), p.errs)
	return nil
}

// read takes what a child says until it has ended.
func (o *partOutput) read(c *child, name string, errs *failures) {
	defer close(o.done)
	for line := range c.lines {
		switch word, rest, _ := strings.Cut(line, " "); word {
		case "gone":
			errs.add("%s: %s", name, rest)
		case "left":
			o.mu.Lock()
			o.left = rest
			o.mu.Unlock()
		}
	}
	err := c.wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ending {
		errs.add("%s ended by itself: %v", name, errors.Join(err, lastWords(&c.errs)))
	}
}

func (o *partOutput) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ending = true
}

// kill ends a life with SIGKILL.
func (p *chaosProc) kill() (d death) {
	p.out.end()
	d.sent = machineNow()
	p.child.cmd.Process.Kill()
	<-p.out.done
	d.reaped = machineNow()
	p.over()
	return d
}

func (p *chaosProc) over() {
	p.child.in.Close()
	p.child = nil
	p.life++
}

// quit has a life end in an orderly way.
func (p *chaosProc) quit() {
	p.out.end()
	p.child.in.Close()
}

// await waits for the end after quit and gives what was left behind.
func (p *chaosProc) await(limit context.Context) (leaks []string) {
	select {
	case <-p.out.done:
	case <-limit.Done():
		p.kill()
		return []string{fmt.Sprintf("%v, a process that did not end", p.role)}
	}
	var goroutines, files int
	if n, _ := fmt.Sscan(p.out.left, &goroutines, &files); n != 2 {
		p.errs.add("%v did not end as it should: %v", p.role, errors.Join(p.child.wait(), lastWords(&p.child.errs)))
	}
	for range goroutines {
		leaks = append(leaks, fmt.Sprintf("a goroutine of %v", p.role))
	}
	for range files {
		leaks = append(leaks, fmt.Sprintf("an open file of %v", p.role))
	}
	if words := lastWords(&p.child.errs); words != nil {
		p.errs.add("%v said: %v", p.role, words)
	}
	p.over()
	return leaks
}

// A clientLog is the log of one life of a client, read as it grows.
type clientLog struct {
	path string
	proc *chaosProc
	life int
	file *os.File
	rest []byte // the beginning of a record that is being written
	over bool
}

// feed reads what is new in the logs.
func (r *chaosRun) feed() error {
	for _, l := range r.logs {
		if l.over {
			continue
		}
		ended := l.proc.life > l.life // looked at before reading, so that nothing comes after
		if err := l.read(r.ledger, ended); err != nil {
			return &localError{err, "see the cause"}
		}
	}
	return nil
}

func (l *clientLog) read(to *ledger, ended bool) (err error) {
	if l.file == nil {
		if l.file, err = os.Open(l.path); errors.Is(err, os.ErrNotExist) {
			l.over = ended // it was killed before it could begin
			return nil
		} else if err != nil {
			return err
		}
	}
	b, err := io.ReadAll(l.file)
	if err != nil {
		return err
	}
	b = append(l.rest, b...)
	whole := len(b) / logLen * logLen
	l.rest = append([]byte(nil), b[whole:]...)
	if ended {
		whole = len(b)
		l.over = true
		l.close()
	}
	return to.log(l.proc.index, b[:whole])
}

func (l *clientLog) close() {
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}

// interrupted is the error of a run that was.
func interrupted(ctx context.Context) error {
	return &bellpull.Error{Code: bellpull.CodeCanceled, Op: "chaos", Ran: bellpull.Maybe, Err: context.Cause(ctx)}
}
