// Command bench measures calls between two processes: Bellpull over its transports beside a raw socket echo, net/rpc and
// gRPC. Every peer's server is a process of its own; rounds are interleaved, so that all peers see the same machine;
// figures are medians of the rounds and ratios to the raw echo of the same round.
//
//	go run .                    # five rounds of half a second a cell
//	go run . -rounds 3 -o json  # one object a cell
//
// The raw echo is a length-prefixed request and answer over a plain net.Conn, one write and one read each way.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A peer is one way to call. dial gives a function that makes one call of a body and checks the answer's length.
type peer struct {
	name  string
	serve func(addr string) error
	dial  func(addr string) (caller, error)
	many  bool // several callers may share one connection
}

// A caller makes calls over one connection; call may be used concurrently when the peer says many.
type caller interface {
	call(buf *buffers) error
	close()
}

// buffers are what one calling goroutine keeps.
type buffers struct{ body, answer []byte }

func peers() []peer {
	return []peer{
		{"raw", serveRaw, dialRaw, false},
		{"unixsock", serveBell("unix:"), dialBell("unix:"), true},
		{"npipe", serveBell("npipe:"), dialBell("npipe:"), true},
		{"campus", serveCampus, dialCampus, true},
		{"shm", serveBell("shm:"), dialBell("shm:"), true},
		{"netrpc", serveRPC, dialRPC, true},
		{"grpc", serveGRPC, dialGRPC, true},
	}
}

// A cell is one measurement.
type cell struct {
	Peer    string  `json:"peer"`
	Bytes   int     `json:"bytes"`
	Callers int     `json:"callers"`
	P50     float64 `json:"p50_us"`
	P99     float64 `json:"p99_us"`
	Ops     float64 `json:"ops_per_s"`
	Ratio   float64 `json:"time_ratio"` // p50 over that of the raw echo of the round; lower is better
	OpsX    float64 `json:"ops_ratio"`  // ops over those of the raw echo, one call at a time, of the round
}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		for _, p := range peers() {
			if p.name == os.Args[2] {
				fatal(p.serve(os.Args[3]))
				return
			}
		}
	}
	rounds := flag.Int("rounds", 5, "interleaved rounds")
	each := flag.Duration("each", 500*time.Millisecond, "time of one cell")
	only := flag.String("peers", "", "comma-separated peers; raw is always there")
	sizes := flag.String("sizes", "64,1024,65536", "body sizes in bytes")
	many := flag.Int("callers", 64, "callers of the concurrent cells; 0: none")
	format := flag.String("o", "text", "text or json")
	flag.Parse()
	r := run{rounds: *rounds, each: *each, callers: *many}
	for s := range strings.SplitSeq(*sizes, ",") {
		var n int
		if _, err := fmt.Sscan(s, &n); err != nil {
			fatal(fmt.Errorf("-sizes: %q is no number", s))
		}
		r.sizes = append(r.sizes, n)
	}
	for _, p := range peers() {
		if *only == "" || p.name == "raw" || slices.Contains(strings.Split(*only, ","), p.name) {
			r.peers = append(r.peers, p)
		}
	}
	cells, err := r.all()
	fatal(err)
	if *format == "json" {
		for _, c := range cells {
			json.NewEncoder(os.Stdout).Encode(c)
		}
		return
	}
	fmt.Printf("%s/%s, %d CPUs, %s, %d rounds of %v, medians\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), *rounds, *each)
	fmt.Printf("%-10s %8s %8s %10s %10s %12s %12s %12s\n", "peer", "bytes", "callers", "p50 us", "p99 us", "calls/s", "time/raw", "calls/raw")
	for _, c := range cells {
		fmt.Printf("%-10s %8d %8d %10.2f %10.2f %12.0f %11.2fx %11.2fx\n", c.Peer, c.Bytes, c.Callers, c.P50, c.P99, c.Ops, c.Ratio, c.OpsX)
	}
}

func fatal(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
