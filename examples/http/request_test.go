//go:build linux || darwin

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
)

// TestKeepAlive: requests one after the other share one connection.
func TestKeepAlive(t *testing.T) {
	each(t, func(t *testing.T, p pair) {
		p.serve(t, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
		c := p.client(t)
		for i := range 5 {
			var conn httptrace.GotConnInfo
			ctx := httptrace.WithClientTrace(limit(t), &httptrace.ClientTrace{
				GotConn: func(info httptrace.GotConnInfo) { conn = info }})
			if got, err := p.send(ctx, c, bytes.NewReader([]byte("ring"))); err != nil || string(got) != "ring" {
				t.Fatalf("request %d: %q, %v", i, got, err)
			}
			if conn.Reused != (i > 0) {
				t.Errorf("request %d: connection reused: %v", i, conn.Reused)
			}
		}
	}, "HTTP1", "HTTP2")
}

// TestBodies: bodies of a MiB arrive whole both ways, eight at a time, with and without their length told before.
func TestBodies(t *testing.T) {
	body := make([]byte, 1<<20)
	for i := range body {
		body[i] = byte(i*31 + i>>8*7)
	}
	each(t, func(t *testing.T, p pair) {
		p.serve(t, func(w http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.Write(got)
		})
		c, ctx := p.client(t), limit(t)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				var r io.Reader = bytes.NewReader(body)
				if i%2 > 0 {
					r = struct{ io.Reader }{r} // of unknown length
				}
				got, err := p.send(ctx, c, r)
				if err != nil || !bytes.Equal(got, body) {
					t.Errorf("request %d: %d bytes came back, %v; want the %d sent", i, len(got), err, len(body))
				}
			})
		}
		wg.Wait()
	}, "HTTP1", "HTTP2")
}

// TestCancel: cancelling a request ends it at once on both sides, and the next one works.
func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, p pair) {
		started, ended := make(chan struct{}), make(chan error, 1)
		var once sync.Once
		p.serve(t, func(w http.ResponseWriter, r *http.Request) {
			once.Do(func() {
				close(started)
				<-r.Context().Done()
				ended <- r.Context().Err()
			})
		})
		c := p.client(t)
		ctx, cancel := context.WithCancel(limit(t))
		go func() {
			<-started
			cancel()
		}()
		if _, err := p.send(ctx, c, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("the client has %v, want context.Canceled", err)
		}
		select {
		case err := <-ended:
			if err != context.Canceled {
				t.Errorf("the server has %v, want context.Canceled", err)
			}
		case <-limit(t).Done():
			t.Fatal("the server was not told")
		}
		if _, err := p.send(limit(t), c, nil); err != nil {
			t.Errorf("the next request: %v", err)
		}
	}, "HTTP1", "HTTP2")
}

// TestShutdown: a request that runs when the server is stopped gets its answer, and nobody gets in any more.
func TestShutdown(t *testing.T) {
	each(t, func(t *testing.T, p pair) {
		started, release := make(chan struct{}), make(chan struct{})
		stop, stopping := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
			close(started)
			<-release
			io.WriteString(w, "late")
		})
		stopped := make(chan struct{})
		go func() {
			<-started
			go func() { stop(); close(stopped) }()
			<-stopping
			if c, err := sockets().Dial(limit(t), p.addr); err == nil {
				c.Close()
				t.Error("somebody still listens")
			}
			select {
			case <-stopped:
				t.Error("the server has ended before its request")
			default:
			}
			close(release)
		}()
		if got, err := p.send(limit(t), p.client(t), nil); err != nil || string(got) != "late" {
			t.Errorf("the request that ran gets %q, %v", got, err)
		}
		<-stopped
	}, "HTTP1", "HTTP2")
}
