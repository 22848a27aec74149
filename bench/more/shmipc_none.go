//go:build !shmipc

package main

import "github.com/bellpull/bellpull/bench/rival"

func shmipcPeer() []rival.Peer { return nil }
