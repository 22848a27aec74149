package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// A chaosTransport is a row of --transport: where servers listen and what they may leave behind.
type chaosTransport struct {
	name string
	// addr gives the address of a server. dir is empty, and tag differs from run to run.
	addr func(dir, tag string, server int) (string, error)
	// files lists what is there of an address; nothing must be when its last server has ended.
	files func(addr string) []string
}

var chaosTransports = []chaosTransport{
	{"local", func(_, tag string, i int) (string, error) { return fmt.Sprintf("local:chaos-%s-%d", tag, i), nil }, socketFiles},
	{"unix", func(dir, _ string, i int) (string, error) {
		return "unix:" + filepath.Join(dir, fmt.Sprintf("%d.sock", i)), nil
	}, socketFiles},
	{"tcp", func(string, string, int) (string, error) { return freePort() }, listeners},
	{"npipe", func(_, tag string, i int) (string, error) { return fmt.Sprintf("npipe:bell-chaos-%s-%d", tag, i), nil }, socketFiles},
}

// chaosProtocols are the rows of --protocol.
var chaosProtocols = []struct {
	name string
	open func() bellpull.Protocol
}{
	{"dmtp", func() bellpull.Protocol { return demoProtocol() }},
}

// chaosProtocol gives the protocol of a row, nil when there is none.
func chaosProtocol(name string) bellpull.Protocol {
	for _, p := range chaosProtocols {
		if p.name == name {
			return p.open()
		}
	}
	return nil
}

func chaosTransportOf(name string) *chaosTransport {
	for i := range chaosTransports {
		if chaosTransports[i].name == name {
			return &chaosTransports[i]
		}
	}
	return nil
}

// defaultTransport is what every installation of a system has.
func defaultTransport() string {
	if runtime.GOOS == "windows" {
		return "tcp"
	}
	return "unix"
}

// Ports of servers lie below those that the system gives to connections: while a server is away none of them may take
// its port.
const firstPort, lastPort = 20000, 32000

// freePort finds a port on this machine that nobody listens on.
func freePort() (addr string, err error) {
	for range 100 {
		addr = fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort))
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			return "tcp:" + addr, l.Close()
		}
	}
	return "", err
}

// socketFiles lists the socket of an address and the lock beside it, where they are there.
func socketFiles(addr string) (list []string) {
	a, err := transport.ParseAddr(addr)
	if err != nil {
		return []string{err.Error()}
	}
	paths, _ := socketPaths(a)
	for _, p := range paths {
		for _, path := range []string{p, strings.TrimSuffix(p, "sock") + "lock"} {
			if _, err := os.Lstat(path); err == nil {
				list = append(list, path)
			}
		}
	}
	return list
}

// listeners says when somebody still listens at an address of tcp.
func listeners(addr string) []string {
	ctx, cancel := context.WithTimeout(context.Background(), lateLimit)
	defer cancel()
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", strings.TrimPrefix(addr, "tcp:"))
	if err != nil {
		return nil
	}
	c.Close()
	return []string{addr}
}

// leftInDir lists what lies in a directory.
func leftInDir(dir string) (list []string) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		list = append(list, filepath.Join(dir, e.Name()))
	}
	return list
}

// leftInMemory lists the segments of shared memory that have tag in their name.
func leftInMemory(tag string) (list []string) {
	for _, path := range leftInDir("/dev/shm") {
		if strings.Contains(filepath.Base(path), tag) {
			list = append(list, path)
		}
	}
	return list
}
