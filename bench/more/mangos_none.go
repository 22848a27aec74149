//go:build !mangos

package main

import "github.com/bellpull/bellpull/bench/rival"

func mangosPeer() []rival.Peer { return nil }
