package sim

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/bellpull/bellpull/transport"
)

// A Net is a network. Make one with [New]; it belongs to the bubble it was made in. Its methods may be called
// concurrently.
type Net struct {
	dice   Dice
	script Script
	buffer int
	calm   atomic.Pointer[Script]
	trace  func(string)

	// mu guards the fields that follow.
	mu    sync.Mutex
	names map[string]*listener
	open  int // ends of connections that are not closed
}

// New gives a network whose connections go as script says.
func New(seed uint64, script Script) *Net {
	return &Net{dice: Dice(seed), script: script, names: map[string]*listener{}}
}

// Buffer sets how many bytes may have arrived at one end without being read, for connections made from here on. The
// default is that of package mem.
func (n *Net) Buffer(bytes int) { n.buffer = bytes }

// Trace has f told of everything that happens on the network, with the time of the bubble. To be called before any
// dial. f is called concurrently.
func (n *Net) Trace(f func(event string)) { n.trace = f }

// Calm ends the bad weather: further dials go as script says, and on the connections there are no stall begins and none
// is cut any more.
func (n *Net) Calm(script Script) { n.calm.Store(&script) }

// course gives what happens to a dial.
func (n *Net) course(host string, nth int, d Dice) Course {
	if calm := n.calm.Load(); calm != nil {
		return (*calm)(host, nth, d)
	}
	return n.script(host, nth, d)
}

// Open gives the number of ends of connections that nobody has closed.
func (n *Net) Open() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open
}

func (n *Net) count(by int) {
	n.mu.Lock()
	n.open += by
	n.mu.Unlock()
}

func (n *Net) note(who, what string, at int64) {
	if n.trace != nil {
		n.trace(fmt.Sprint(who, " ", what, " ", at))
	}
}

// Host gives a process of the network. Names must differ where the script is to tell them apart.
func (n *Net) Host(name string) *Host {
	return &Host{net: n, name: name, dice: n.dice.Named(name), conns: map[*conn]int{}}
}

func (n *Net) find(name string) *listener {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.names[name]
}

func noServer(a transport.Addr) error {
	return &transport.Error{Op: "dial", Addr: a.String(), Kind: transport.ErrNoServer,
		Advice: "listen on the name first, on the same Net"}
}
