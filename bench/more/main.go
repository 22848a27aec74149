// Command more has peers for bench whose modules or libraries are not everywhere to be had. Each is compiled with its build
// tag only; ../README.md says how.
package main

import (
	"fmt"
	"os"

	"github.com/bellpull/bellpull/bench/rival"
	"github.com/bellpull/bellpull/bench/worker"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != worker.Word {
		fmt.Fprintln(os.Stderr, "more is for bench alone: go run . -with PROGRAM")
		os.Exit(2)
	}
	os.Exit(worker.Main(peers(), os.Args[2:]))
}

// peers gives what was compiled in.
func peers() (list []rival.Peer) {
	for _, add := range []func() []rival.Peer{arpcPeer, mangosPeer, shmipcPeer, libzmqPeer} {
		list = append(list, add()...)
	}
	return list
}
