//go:build linux || darwin

package unixsock

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/bellpull/bellpull/transport"
)

const (
	watchEvery = 250 * time.Millisecond
	// reclaimPatience bounds one attempt to bind again.
	reclaimPatience = 2 * time.Second
	// A live thief is connected to only now and then, to see whether it still serves: to it that is a client. It is
	// asked at once when its process is gone or the file is another.
	firstAsk = 2 * time.Second
	lastAsk  = 30 * time.Second
)

// A theft is what the watcher knows of a file at the path that is not ours.
type theft struct {
	file    fs.FileInfo // what lies there, nil for nothing
	pid     int         // of the live process that holds it, 0 when unknown or none
	held    bool        // a live process holds it
	askAt   time.Time   // when held: do not connect before
	askNext time.Duration
	told    bool
	reason  reason // what OnStolen was told
}

// A reason is what distinguishes one report from the next.
type reason struct {
	kind  error
	errno syscall.Errno
	pid   int
}

// watch looks after the socket file until the Listener is closed.
func (l *Listener) watch() {
	defer close(l.watchDone)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var t *theft
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-tick.C:
		}
		if l.ctx.Err() != nil {
			return // both were there: after a Close that did not wait for OnStolen nothing may be touched
		}
		t = l.look(t)
	}
}

// look checks the file once. t is the theft that is going on, if any; the result is the same for the next time.
func (l *Listener) look(t *theft) *theft {
	path := l.end.path
	if l.owner(path) != nil {
		return nil
	}
	now, _ := os.Lstat(path) // an error is nil: clear says the same with words
	if t == nil {
		t = &theft{}
	}
	if t.held && sameFile(t.file, now) && time.Now().Before(t.askAt) && (t.pid == 0 || alive(t.pid)) {
		return t
	}
	if !sameFile(t.file, now) {
		t.askNext = firstAsk
	}
	t.file = now
	ctx, cancel := context.WithTimeout(l.ctx, reclaimPatience)
	s, err := l.end.claim(ctx)
	cancel()
	if err == nil {
		l.add(s)
		l.report(&StolenError{Path: path, Rebound: true}, "the listener serves the path again; find out who removes the file")
		return nil
	}
	if l.ctx.Err() != nil {
		return t
	}
	t.held, t.pid = errors.Is(err, transport.ErrInUse), 0
	if owner, ok := errors.AsType[*transport.OwnerError](err); ok {
		t.pid = owner.PID
	}
	if t.held {
		t.askAt = time.Now().Add(t.askNext)
		t.askNext = min(2*t.askNext, lastAsk)
	}
	if r := reasonOf(err, t.pid); !t.told || r != t.reason {
		t.told, t.reason = true, r
		l.report(&StolenError{Path: path, Err: err}, "the listener takes the path again once it is free")
	}
	return t
}

func reasonOf(err error, pid int) reason {
	r := reason{pid: pid}
	for _, kind := range []error{transport.ErrInUse, transport.ErrNotSocket, transport.ErrNotTrusted, transport.ErrAddress} {
		if errors.Is(err, kind) {
			r.kind = kind
		}
	}
	r.errno, _ = errors.AsType[syscall.Errno](err)
	return r
}

// report calls OnStolen. Close does not wait while the token says that the callback runs.
func (l *Listener) report(cause *StolenError, advice string) {
	if l.cfg.OnStolen == nil {
		return
	}
	l.reporting <- struct{}{}
	l.cfg.OnStolen(fail("accept", l.addr, transport.ErrStolen, cause, advice))
	select {
	case <-l.reporting:
	default: // Close took it
	}
}
