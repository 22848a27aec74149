package tcp

import "golang.org/x/sys/unix"

// pollRDHUP is that the other end sends nothing more, whatever there is to be read.
const pollRDHUP = unix.POLLRDHUP
