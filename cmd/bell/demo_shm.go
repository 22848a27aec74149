package main

import (
	"context"
	"time"
)

// measureShm measures one round of 64 byte calls over shared memory. It may keep its connection in t between rounds
// and hand its call to timeCalls, as the other contenders do.
func measureShm(ctx context.Context, t *callTable, round time.Duration) (result, error) {
	return nil, errMissing
}
