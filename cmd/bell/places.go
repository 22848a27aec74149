package main

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// places tells what lies behind an address: files or hosts.
func (d *doctor) places(ctx context.Context, a transport.Addr) {
	switch a.Scheme {
	case "local", "unix", "npipe":
		if runtime.GOOS != "windows" {
			d.files(ctx, a)
		}
	case "tcp", "tcps":
		d.host(ctx, a)
	}
}

// host resolves the host of a tcp address.
func (d *doctor) host(ctx context.Context, a transport.Addr) {
	host, port, _ := net.SplitHostPort(a.Rest)
	if port == "0" {
		d.bad("host", exitUsage, "port 0 means any free port, which only a server can ask for", "use the port that the server says it listens on")
		return
	}
	if host == "" || net.ParseIP(host) != nil {
		return // nothing to resolve
	}
	ctx, cancel := context.WithTimeout(ctx, d.link.timeout)
	defer cancel()
	list, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		d.bad("host", exitNoServer, printable(err.Error()), "check the spelling of the host, or give its number, such as 127.0.0.1")
		return
	}
	d.good("host", "%s is %s", host, strings.Join(list, ", "))
}

// A spot is a file that an address may be served at, as doctor found it.
type spot struct {
	path    string
	private bool   // of a local: address
	live    bool   // somebody listens there
	detail  string // what was found
	fix     string // "" when live
	exit    int
}

// files looks at the sockets that an address may be served at. It is enough that one of them is live.
func (d *doctor) files(ctx context.Context, a transport.Addr) {
	paths, err := socketPaths(a)
	if err != nil {
		d.badError("path", bellpull.WrapTransport("resolve", a.String(), err))
		return
	}
	spots := make([]spot, len(paths))
	live := false
	for i, p := range paths {
		spots[i] = look(ctx, p, a.Scheme == "local", d.link.timeout)
		live = live || spots[i].live
	}
	for _, s := range spots {
		text := fmt.Sprintf("%s: %s", oneLine(s.path, 0), s.detail)
		if s.live || live {
			d.good("path", "%s", text)
		} else {
			d.bad("path", s.exit, text, s.fix)
		}
	}
}
