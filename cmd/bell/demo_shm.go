package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// shmName is where the echo process listens for calls over shared memory, "none" where the system has no such thing.
func shmName() string {
	if runtime.GOOS != "linux" {
		return "none"
	}
	return fmt.Sprintf("shm:demo-%d", os.Getpid())
}

// measureShm measures one round of 64 byte calls over shared memory. The connection is kept in t between rounds.
func measureShm(ctx context.Context, t *callTable, round time.Duration) (result, error) {
	if !strings.HasPrefix(t.shmAddr, "shm:") {
		return nil, errMissing
	}
	if t.shm == nil {
		p, err := t.node.Dial(ctx, t.shmAddr, demoProtocol())
		if err != nil {
			return nil, err
		}
		t.shm = p
	}
	return timeCalls(ctx, round, bytesCall(ctx, t.shm))
}
