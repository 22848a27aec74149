//go:build linux || darwin

package unixsock

import (
	"errors"
	"net"
	"testing"
	"time"
)

// TestHungUp: closing counts, ending one direction does not.
func TestHungUp(t *testing.T) {
	dir := shortDir(t)
	l := listen(t, "unix:"+dir+"/s")
	c, err := Dial(t.Context(), "unix:"+dir+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	far, err := l.AcceptConn()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if c.HungUp() {
		t.Error("a fresh connection")
	}
	far.(interface{ CloseWrite() error }).CloseWrite()
	if _, err := c.Read(make([]byte, 1)); err == nil || c.HungUp() {
		t.Error("the other end sends no more, and that counts:", err)
	}
	far.Close()
	if !c.HungUp() {
		t.Error("the other end is closed")
	}
	c.Close()
	if !c.HungUp() {
		t.Error("closed here")
	}
}

// TestAwaitHangUp: an end that only sends no more, as every server of a one-way pipe, lets it wait on; closing, at either
// end, does not.
func TestAwaitHangUp(t *testing.T) {
	for _, here := range []bool{false, true} {
		client, server := pair(t)
		over := make(chan error, 1)
		go func() { over <- client.AwaitHangUp() }()
		server.Write([]byte("unread"))
		server.CloseWrite()
		client.Write([]byte("x"))
		if _, err := server.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-over:
			t.Fatal("the other end still reads:", err)
		case <-time.After(50 * time.Millisecond):
		}
		if here {
			client.Close()
		} else {
			server.Close()
		}
		select {
		case err := <-over:
			if here != errors.Is(err, net.ErrClosed) || !here && err != nil {
				t.Errorf("closed here %v: %v", here, err)
			}
		case <-time.After(patience):
			t.Errorf("closed here %v: nobody notices", here)
		}
	}
}
