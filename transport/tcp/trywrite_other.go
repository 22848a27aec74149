//go:build !unix

package tcp

import "net"

// tryWriter is empty where a socket cannot be asked to take what it can at once.
type tryWriter struct{}

func (tryWriter) init(*net.TCPConn) error { return nil }
