//go:build !libzmq

package main

import "github.com/bellpull/bellpull/bench/rival"

func libzmqPeer() []rival.Peer { return nil }
