//go:build linux || darwin

package unixsock

import (
	"testing"
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
