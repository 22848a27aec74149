// Package rivals has the ways to talk that are measured, one file each. A new one is a file and a line in All.
package rivals

import (
	"net"

	"github.com/bellpull/bellpull/bench/rival"
)

// All gives them, the raw socket first: it is what ratios are to.
func All() []rival.Peer {
	return []rival.Peer{
		raw(),
		bell("shm", "Bellpull over shared memory, DMTP", "shm:"),
		bell("unixsock", "Bellpull over a Unix socket, DMTP", "unix:"),
		bell("npipe", "Bellpull over a pipe as .NET makes them, DMTP", "npipe:"),
		campusPipes(),
		netRPC(),
		grpcGo(),
		connectGo(),
		ttrpcGo(),
		drpcGo(),
		natsGo(),
	}
}

// acceptEach serves each connection with a goroutine. The process ends, and all of it with it.
func acceptEach(l net.Listener, serve func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go serve(c)
	}
}
