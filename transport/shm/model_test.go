//go:build linux

package shm

import (
	"fmt"
	"os"
	"testing"
)

// What follows is the protocol of one direction as a model: every load and store of a shared word, every record on the
// socket is a step, and all orders in which the two sides can take their steps are gone through. It has what can go wrong:
// a ring that is full and wraps, frames that are published several at once, a reader that falls asleep, memory that is
// given back and taken again, frames that go over the socket meanwhile. The names are those of the code.
//
// It is held to four rules: frames arrive once and in order; no slot is touched while its page is not reserved; and when
// both sides have nothing left to do, everything has arrived: no wake-up is lost. Of a side that is killed, at whatever step,
// what it had published arrives.

const (
	modelSlots = 2
	modelQueue = 3
)

// A piece is a frame on the socket; after is the number of slots that come before it.
type modelPiece struct{ frame, after uint8 }

// modelState is all that the two sides and the memory between them are at one time. Frames are numbered from 1.
type modelState struct {
	// The memory.
	words, pay  [modelSlots]uint8 // number of the slot plus one; frame, or 100 plus what a sync slot says
	live        bool
	reserved    bool
	done, sleep uint8
	// The socket: what the kernel has, and what the reader has taken off it.
	bells        uint8
	queue, taken [modelQueue]modelPiece
	nq, nt       uint8
	// The writer.
	wpc                                   uint8
	next, write, released, held, heldWord uint8
	sent, synced, rung, seen              uint8
	syncing                               bool
	dead                                  bool // killed, between any two of its steps
	// The reader.
	rpc                               uint8
	read, told, want, pieces, arrived uint8
	pending                           modelPiece
}

// The places where a side can be between two steps.
const (
	wIdle = iota
	wPublish
	wRing
	wRest
	wRestLive
	wRestLook
	wRestUndo
)

const (
	rNext = iota
	rSlot
	rCopy
	rTell
	rSocket
	rSleep
	rLive
	rReady
	rDeep
	rBlock
	rWake
	rEnded
)

type model struct {
	frames  uint8
	kill    bool   // the writer may be killed
	mistake string // one that the model must find; "": none
	lost    string // the first rule that was broken
}

func (m *model) fail(s *modelState, format string, args ...any) {
	if m.lost == "" {
		m.lost = fmt.Sprintf(format, args...) + fmt.Sprintf(": %+v", *s)
	}
}

// touch is a look at a slot.
func (m *model) touch(s *modelState, who string) {
	if !s.reserved {
		m.fail(s, "%s touches what is not reserved", who)
	}
}

// writer gives the states that a step of the writer leads to.
func (m *model) writer(s modelState, add func(modelState)) {
	if s.dead {
		return
	}
	if m.kill {
		n := s
		n.dead = true
		add(n)
	}
	switch s.wpc {
	case wIdle:
		m.commit(s, add)
		if s.held != 0 { // Flush
			n := s
			m.touch(&n, "the writer")
			n.words[(n.held-1)%modelSlots] = n.heldWord
			n.held, n.wpc = 0, wRing
			add(n)
		} else if s.live && s.done == s.write { // Rest
			n := s
			n.wpc = wRest
			add(n)
		}
	case wPublish:
		m.touch(&s, "the writer")
		w := s.write + 1
		if s.held == 0 {
			s.held, s.heldWord = s.write+1, w
		} else {
			s.words[s.write%modelSlots] = w
		}
		s.write++
		if s.syncing {
			s.syncing = false
		} else {
			s.next++
		}
		s.wpc = wIdle
		add(s)
	case wRing:
		if s.sleep&sleepMask != awake && s.sleep>>sleepShift != s.rung && (m.mistake != ringOnce || s.rung == 0) {
			s.rung = s.sleep >> sleepShift
			s.bells = 1
		}
		s.wpc = wIdle
		add(s)
	case wRest:
		if s.sleep&sleepMask != asleep && (m.mistake != lightSleeper || s.sleep&sleepMask == awake) {
			s.wpc = wIdle
		} else {
			s.seen, s.wpc = s.sleep, wRestLive
		}
		add(s)
	case wRestLive:
		s.live, s.wpc = false, wRestLook
		add(s)
	case wRestLook:
		if s.sleep != s.seen && m.mistake != noSecondLook {
			s.wpc = wRestUndo
		} else {
			s.words, s.pay, s.reserved, s.wpc = [modelSlots]uint8{}, [modelSlots]uint8{}, false, wIdle
		}
		add(s)
	case wRestUndo:
		s.live, s.wpc = true, wIdle
		add(s)
	}
}

// commit is Reserve and Commit of the next frame.
func (m *model) commit(s modelState, add func(modelState)) {
	if s.next > m.frames {
		return
	}
	if !s.live {
		if s.nq < modelQueue { // over the socket
			n := s
			n.queue[n.nq] = modelPiece{n.next, n.write}
			n.nq++
			n.sent++
			n.next++
			add(n)
		}
		n := s
		n.reserved, n.live = true, true
		add(n)
		return
	}
	need := uint8(1)
	if m.mistake == noSync {
		s.synced = s.sent
	}
	if s.sent != s.synced {
		need = 2
	}
	if s.write+need-s.released > modelSlots {
		if s.done != s.released { // roomFor looks at done
			s.released = s.done
			add(s)
		}
		return
	}
	m.touch(&s, "the writer")
	if s.sent != s.synced {
		s.pay[s.write%modelSlots] = 100 + s.sent
		s.synced, s.syncing = s.sent, true
	} else {
		s.pay[s.write%modelSlots] = s.next
	}
	s.wpc = wPublish
	add(s)
}

// arrive is a frame that Next gives.
func (m *model) arrive(s *modelState, frame uint8) {
	if frame != s.arrived+1 {
		m.fail(s, "frame %d comes behind %d", frame, s.arrived)
	}
	s.arrived = frame
}

// reader gives the state that the reader's step leads to; ok is false while it is blocked.
func (m *model) reader(s modelState) (_ modelState, ok bool) {
	blocked := int8(s.want-s.pieces) > 0
	switch s.rpc {
	case rNext:
		switch {
		case s.pending.frame != 0 && int8(s.pending.after-s.read) <= 0:
			m.arrive(&s, s.pending.frame)
			s.pending = modelPiece{}
			s.pieces++
		case blocked || !s.live:
			s.rpc = rSocket
		default:
			s.rpc = rSlot
		}
	case rSlot:
		m.touch(&s, "the reader")
		if s.rpc = rSocket; s.words[s.read%modelSlots] == s.read+1 {
			s.rpc = rCopy
		}
	case rCopy:
		m.touch(&s, "the reader")
		if v := s.pay[s.read%modelSlots]; v >= 100 {
			s.want = v - 100
		} else {
			m.arrive(&s, v)
		}
		s.read++
		s.rpc = rTell
	case rTell:
		s.done, s.told, s.rpc = s.read, s.read, rNext
	case rSocket: // what was taken off the socket
		switch {
		case s.pending.frame != 0:
			s.rpc = rSleep
		case s.nt > 0:
			s.pending = s.taken[0]
			copy(s.taken[:], s.taken[1:])
			s.nt--
			s.taken[s.nt] = modelPiece{}
			s.rpc = rNext
		default:
			s.rpc = rSleep
		}
	case rSleep:
		s.sleep = (s.sleep>>sleepShift+1)<<sleepShift | dozing
		if s.rpc = rLive; m.mistake == noRecheck {
			s.rpc = rDeep
		}
	case rLive:
		if s.rpc = rDeep; s.live && !blocked {
			s.rpc = rReady
		}
	case rReady:
		m.touch(&s, "the reader")
		if s.rpc = rDeep; s.words[s.read%modelSlots] == s.read+1 {
			s.rpc = rWake
		}
	case rDeep:
		s.sleep++
		s.rpc = rBlock
	case rBlock:
		if s.bells == 0 && s.nq == 0 {
			if !s.dead {
				return s, false
			}
			// The socket has ended. What was published before still counts.
			if s.rpc = rWake; !s.live || blocked || s.words[s.read%modelSlots] != s.read+1 {
				s.rpc = rEnded
			}
			break
		}
		s.bells = 0
		for i := range s.nq {
			s.taken[s.nt] = s.queue[i]
			s.nt++
		}
		s.queue, s.nq = [modelQueue]modelPiece{}, 0
		s.rpc = rWake
	case rEnded:
		m.ended(&s)
		return s, false
	case rWake:
		s.sleep &^= sleepMask
		s.rpc = rNext
	}
	return s, true
}

// ended is the end of a reader whose other side was killed: what that had published has arrived.
func (m *model) ended(s *modelState) {
	if s.live && s.reserved && s.words[s.read%modelSlots] == s.read+1 && int8(s.want-s.pieces) <= 0 {
		m.fail(s, "what was published before the end has not arrived")
	}
	if s.nq > 0 || s.nt > 0 || s.pending.frame != 0 && int8(s.pending.after-s.read) <= 0 {
		m.fail(s, "a piece on the socket has not arrived")
	}
}

// run goes through all orders of steps and gives the number of states.
func (m *model) run() int {
	seen := map[modelState]struct{}{}
	start := modelState{next: 1}
	todo := []modelState{start}
	seen[start] = struct{}{}
	add := func(s modelState) {
		if _, ok := seen[s]; !ok {
			seen[s] = struct{}{}
			todo = append(todo, s)
		}
	}
	for len(todo) > 0 && m.lost == "" {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		m.writer(s, add)
		n, ok := m.reader(s)
		if ok {
			add(n)
		} else if !s.dead && s.wpc == wIdle && s.next > m.frames && s.held == 0 && s.arrived != m.frames {
			m.fail(&s, "the reader sleeps, and %d of %d frames have arrived", s.arrived, m.frames)
		}
	}
	return len(seen)
}

// Mistakes that the model must find.
const (
	noRecheck    = "a reader sleeps without looking again after it has said so"
	lightSleeper = "memory is given back under a reader that looks once more"
	noSecondLook = "memory is given back without a second look at the sleeper"
	noSync       = "the ring does not say what went over the socket"
	ringOnce     = "the bell is rung for the first sleep alone"
)

// TestTheModelFindsMistakes: each breaks a rule.
func TestTheModelFindsMistakes(t *testing.T) {
	for _, mistake := range []string{noRecheck, lightSleeper, noSecondLook, noSync, ringOnce} {
		m := model{frames: 4, mistake: mistake}
		states := m.run()
		if m.lost == "" {
			t.Errorf("not found in %d states: %s", states, mistake)
		} else {
			t.Logf("%s: found after %d states", mistake, states)
		}
	}
}

// TestModelOfTheRing: every order of steps of both sides, for as many frames as a test may take; with BELLPULL_LONG more.
func TestModelOfTheRing(t *testing.T) {
	frames := uint8(5)
	if os.Getenv("BELLPULL_LONG") != "" {
		frames = 7
	}
	if testing.Short() {
		frames = 3
	}
	for _, m := range []model{{frames: frames}, {frames: frames - 1, kill: true}} {
		states := m.run()
		t.Logf("%d frames, killed %v: %d states", m.frames, m.kill, states)
		if m.lost != "" {
			t.Error(m.lost)
		}
		if !testing.Short() && !m.kill && states < 1_000_000 {
			t.Errorf("%d states, want a million at least", states)
		}
	}
}
