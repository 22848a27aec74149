// Package workload says what is measured: a row of the table here is a row of the document, and everything else follows
// from it.
package workload

import "time"

// A Kind is what a client does.
type Kind string

// The kinds.
const (
	Calls  Kind = "calls"  // calls, one after another from each caller
	Notify Kind = "notify" // messages without an answer, one write each with the raw socket
	Stream Kind = "stream" // writes on a net.Conn
	Slow   Kind = "slow"   // calls, while the handler of one in a thousand sleeps a second
	Idle   Kind = "idle"   // connections that have been used and now are not
)

// A Place says where processes run.
type Place string

// The places.
const (
	Free  Place = ""      // where the system puts them
	Apart Place = "apart" // on two CPUs
	Same  Place = "same"  // on one CPU
	Busy  Place = "busy"  // free, beside a third process that keeps a CPU busy
)

// Figures of a cell. Times are in microseconds.
const (
	PerSecond    = "per_s"         // calls, messages or writes a second
	Bytes        = "bytes_per_s"   // of streams
	P50          = "p50_us"        //
	P99          = "p99_us"        //
	P999         = "p999_us"       //
	Ratio        = "x_raw"         // how much better than the raw socket in the same round; see Workload.By
	CPUClient    = "cpu_client_s"  // CPU seconds of a million calls
	CPUServer    = "cpu_server_s"  //
	CPUBoth      = "cpu_s"         //
	AllocsClient = "allocs_client" // objects allocated in a call
	AllocsServer = "allocs_server" //
	AllocsBoth   = "allocs"        //
	Memory       = "bytes_conn"    // of an idle connection, both sides
	Wakes        = "wakes_per_s"   // of both processes while all connections are idle
)

// Larger says that more of a figure is better.
func Larger(figure string) bool {
	return figure == PerSecond || figure == Bytes || figure == Ratio
}

// A Workload is a row.
type Workload struct {
	Name    string        `json:"name"`
	Title   string        `json:"-"` // for people
	Kind    Kind          `json:"kind"`
	Place   Place         `json:"place"`
	Bytes   int           `json:"bytes"`
	Conns   int           `json:"conns"`
	Callers int           `json:"callers"` // on each connection
	Pause   time.Duration `json:"pause"`   // before each call
	// Times is how many times as long as others it is measured, where calls are rare; 0 is once.
	Times int `json:"-"`
	// By is the figure whose ratio to the raw socket counts.
	By string `json:"-"`
	// Series is the picture that it is a point of; "" is none.
	Series string `json:"-"`
}

// pause is long enough for everything that polls to have given up, and for sleeps of the runtime.
const pause = 2 * time.Millisecond

// Table is what the document has a table for.
func Table() []Workload {
	call := func(name, title string, bytes int, place Place) Workload {
		return Workload{Name: name, Title: title, Kind: Calls, Place: place, Bytes: bytes, Conns: 1, Callers: 1, By: PerSecond}
	}
	with := func(w Workload, change func(*Workload)) Workload {
		change(&w)
		return w
	}
	return []Workload{
		call("call-64", "Calls of 64 B, one in flight", 64, Free),
		call("call-64-apart", "Calls of 64 B, one in flight, the processes on different CPUs", 64, Apart),
		call("call-64-same", "Calls of 64 B, one in flight, both processes on one CPU", 64, Same),
		with(call("call-64-parked", "Calls of 64 B after a pause in which both sides have gone to sleep", 64, Free),
			func(w *Workload) { w.Pause, w.Times, w.By = pause, 5, P50 }),
		with(call("call-64-busy", "Calls of 64 B while a third process keeps one CPU busy", 64, Busy), func(w *Workload) { w.By = P50 }),
		call("call-1k", "Calls of 1 KiB, one in flight", 1<<10, Free),
		call("call-4k", "Calls of 4 KiB, one in flight", 4<<10, Free),
		call("call-64k", "Calls of 64 KiB, one in flight", 64<<10, Free),
		with(call("callers-64", "64 callers on one connection, 64 B", 64, Free), func(w *Workload) { w.Callers = 64 }),
		with(call("conns-8", "8 connections, one call of 64 B in flight on each", 64, Free), func(w *Workload) { w.Conns = 8 }),
		{Name: "notify-64", Title: "One-way messages of 64 B", Kind: Notify, Bytes: 64, Conns: 1, Callers: 1, By: PerSecond},
		{Name: "notify-1k", Title: "One-way messages of 1 KiB", Kind: Notify, Bytes: 1 << 10, Conns: 1, Callers: 1, By: PerSecond},
		{Name: "stream-64k", Title: "A stream of 64 KiB writes on a net.Conn", Kind: Stream, Bytes: 64 << 10, Conns: 1, Callers: 1, By: Bytes},
		{Name: "slow", Title: "8 callers on one connection, 64 B, while the handler of one call in a thousand sleeps 1 s: the other calls",
			Kind: Slow, Bytes: 64, Conns: 1, Callers: 8, Times: 5, By: P999},
		{Name: "idle", Title: "Connections that are idle after load", Kind: Idle, Bytes: 64, Conns: 1000, Callers: 1, By: Memory},
	}
}

// Names of the pictures.
const (
	SeriesConns = "conns"
	SeriesBytes = "bytes"
)

// Series is what the document has pictures for: how the cost of a call grows with connections and with bytes.
func Series() (list []Workload) {
	for _, n := range []int{1, 10, 100, 1000} {
		list = append(list, Workload{Name: "conns/" + itoa(n), Title: itoa(n) + " connections, one call of 64 B in flight on each",
			Kind: Calls, Bytes: 64, Conns: n, Callers: 1, By: PerSecond, Series: SeriesConns})
	}
	for _, n := range []int{1, 64, 1 << 10, 8 << 10, 64 << 10, 512 << 10, 1 << 20, 4 << 20, 16 << 20} {
		list = append(list, Workload{Name: "bytes/" + itoa(n), Title: "calls of " + itoa(n) + " B, one in flight",
			Kind: Calls, Bytes: n, Conns: 1, Callers: 1, By: P50, Series: SeriesBytes})
	}
	return list
}
