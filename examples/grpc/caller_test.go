//go:build linux || darwin

package main

import (
	"os"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/peer"

	"github.com/bellpull/bellpull/transport"
)

// TestCaller: handlers learn from the operating system who calls, whatever the client is made of.
func TestCaller(t *testing.T) {
	for kind, e := range endpoints(t) {
		t.Run(kind, func(t *testing.T) {
			got := make(chan transport.Identity, 2)
			serveOurs(t, e, grpc.StreamInterceptor(
				func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
					p, _ := peer.FromContext(stream.Context())
					if credentials.CheckSecurityLevel(p.AuthInfo, credentials.IntegrityOnly) == nil {
						t.Error("a connection without encryption passes for a secure one")
					}
					got <- caller(stream.Context())
					return next(srv, stream)
				}))
			want := transport.Identity{PID: os.Getpid(), UID: os.Geteuid(), GID: os.Getegid(), HasUser: true, SameUser: true,
				Remote: e.addr.String()}
			ours, _ := client(t, e)
			plain, err := grpc.NewClient(e.native(), grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				t.Fatal(err)
			}
			defer plain.Close()
			for _, cc := range []*grpc.ClientConn{ours, plain} {
				stream, err := testgrpc.NewTestServiceClient(cc).StreamingInputCall(limit(t))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := stream.CloseAndRecv(); err != nil {
					t.Fatal(err)
				}
				if id := <-got; id != want {
					t.Errorf("caller %+v, want %+v", id, want)
				}
			}
		})
	}
}
