//go:build !linux && !darwin

package main

import (
	"context"
	"errors"
	"time"

	"github.com/bellpull/bellpull/transport"
)

// socketPaths: where there are no Unix sockets there is nothing to look at.
func socketPaths(transport.Addr) ([]string, error) { return nil, errors.ErrUnsupported }

func look(context.Context, string, bool, time.Duration) spot { return spot{} }
