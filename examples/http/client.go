package main

import (
	"context"
	"net"
	"net/http"

	"github.com/bellpull/bellpull/transport"
)

// newClient gives a client of the server at addr. The host of its URLs only says what the server reads as Host.
func newClient(set transport.Set, addr transport.Addr) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return set.Dial(ctx, addr)
		},
	}}
}
