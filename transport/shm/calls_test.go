//go:build linux

package shm_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/shm"
)

func shmPair(t testing.TB) *bellpull.Peer {
	t.Helper()
	m := bellpull.NewMux()
	m.Handle("echo", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) { w.Write(r.Borrow()) }))
	addr := fmt.Sprintf("shm:test-%d-%s", os.Getpid(), t.Name()[:4])
	with := dmtp.NodeOptions(bellpull.WithTransports(&shm.Transport{}))
	node, err := dmtp.Listen(context.Background(), addr, m, with)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := dmtp.Dial(context.Background(), addr, with)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		peer.Close(context.Background())
		node.Close(context.Background())
	})
	return peer
}

func TestCallsOverSharedMemoryKeepTheirBytes(t *testing.T) {
	peer := shmPair(t)
	for i := range 20000 {
		body := bytes.Repeat([]byte{byte(i)}, i%5000)
		got, err := peer.CallBytes(t.Context(), "echo", nil, body)
		if err != nil || !bytes.Equal(got, body) {
			t.Fatal(i, len(got), err)
		}
	}
}

func TestManyCallersShareOneRing(t *testing.T) {
	peer := shmPair(t)
	var wg sync.WaitGroup
	for c := range 32 {
		wg.Go(func() {
			for i := range 500 {
				body := bytes.Repeat([]byte{byte(c), byte(i)}, 1+i%700)
				got, err := peer.CallBytes(t.Context(), "echo", nil, body)
				if err != nil || !bytes.Equal(got, body) {
					t.Error(c, i, len(got), err)
					return
				}
			}
		})
	}
	wg.Wait()
}
