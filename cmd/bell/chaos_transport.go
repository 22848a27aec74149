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
	"github.com/bellpull/bellpull/campus"
	"github.com/bellpull/bellpull/transport"
)

// A chaosTransport is a row of --transport: where servers listen and what they may leave behind.
type chaosTransport struct {
	name string
	// byName says that an address is the name of the process there.
	byName bool
	// addr gives the address of a process. dir is empty, and tag differs from run to run.
	addr func(dir, tag string, process int) (string, error)
	// files lists what is there of an address; nothing must be when its last process has ended.
	files func(addr string) []string
}

var chaosTransports = []chaosTransport{
	{"local", true, func(_, tag string, i int) (string, error) { return fmt.Sprintf("local:chaos-%s-%d", tag, i), nil }, socketFiles},
	{"unix", false, func(dir, _ string, i int) (string, error) {
		return "unix:" + filepath.Join(dir, fmt.Sprintf("%d.sock", i)), nil
	}, socketFiles},
	{"tcp", false, func(string, string, int) (string, error) { return freePort() }, listeners},
	{"npipe", true, func(_, tag string, i int) (string, error) { return fmt.Sprintf("npipe:bell-chaos-%s-%d", tag, i), nil }, socketFiles},
	{"shm", true, func(_, tag string, i int) (string, error) { return fmt.Sprintf("shm:chaos-%s-%d", tag, i), nil }, memoryFiles},
}

// A chaosProtocol is a row of --protocol.
type chaosProtocol struct {
	name string
	// transport is what it is tried over unless told otherwise.
	transport func() string
	// listens says that clients listen as well, each under a name and at an address of its own, since they are dialled back.
	listens bool
	// open gives the protocol for a transport.
	open func(transport string) bellpull.Protocol
}

var chaosProtocols = []chaosProtocol{
	{"dmtp", defaultTransport, false, func(string) bellpull.Protocol { return demoProtocol() }},
	{"campus", defaultPipe, true, func(transport string) bellpull.Protocol {
		return &campus.Protocol{AllowOthers: transport == "tcp"} // which does not tell who connects
	}},
}

// chaosProtocolOf gives a row, nil when there is none.
func chaosProtocolOf(name string) *chaosProtocol {
	for i := range chaosProtocols {
		if chaosProtocols[i].name == name {
			return &chaosProtocols[i]
		}
	}
	return nil
}

// defaultPipe is what .NET processes meet over, where there is such a thing yet.
func defaultPipe() string {
	if runtime.GOOS == "windows" {
		return "tcp"
	}
	return "npipe"
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

// memoryFiles lists what is left of an address of shared memory: its socket. The memory itself has no name.
func memoryFiles(addr string) []string {
	return socketFiles("local:" + strings.TrimPrefix(addr, "shm:") + ".shm")
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
