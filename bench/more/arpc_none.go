//go:build !arpc

package main

import "github.com/bellpull/bellpull/bench/rival"

func arpcPeer() []rival.Peer { return nil }
