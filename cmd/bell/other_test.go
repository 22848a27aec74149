//go:build linux || darwin

package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// serveOther serves something that is no DMTP at a path. stop ends it and waits for its goroutines.
func serveOther(path, kind string) (stop func(), err error) {
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if kind == "http" {
		s := &http.Server{Handler: http.NotFoundHandler()}
		go s.Serve(l)
		return func() { s.Close() }, nil
	}
	serve := map[string]func(net.Conn){
		"silent": func(c net.Conn) { io.Copy(io.Discard, c) },
		"hangup": func(c net.Conn) { // after the handshake, all of it, or else it would be a reset
			head := make([]byte, 8)
			io.ReadFull(c, head)
			io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(head[4:])))
		},
		"echo": func(c net.Conn) { io.Copy(c, c) },
		"ssh":  func(c net.Conn) { io.WriteString(c, "SSH-2.0-Test\r\n"); io.Copy(io.Discard, c) },
	}[kind]
	if serve == nil {
		l.Close()
		return nil, fmt.Errorf("no kind %s", kind)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[c] = true
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	return func() {
		l.Close()
		mu.Lock()
		for c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	}, nil
}
