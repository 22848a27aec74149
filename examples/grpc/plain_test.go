//go:build linux || darwin

package main

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/local"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// TestInterop runs gRPC's interoperability tests with our code on one side, and on both.
func TestInterop(t *testing.T) {
	for kind, e := range endpoints(t) {
		t.Run(kind+"/plain client", func(t *testing.T) {
			serveOurs(t, e)
			wantCases(t, "plain", e.native())
		})
		t.Run(kind+"/plain server", func(t *testing.T) {
			servePlain(t, e)
			wantCases(t, "ours", e.addr.String())
		})
		t.Run(kind+"/ours", func(t *testing.T) {
			serveOurs(t, e)
			wantCases(t, "ours", e.addr.String())
		})
	}
}

// client gives the example's client of e.
func client(t *testing.T, e endpoint) (*grpc.ClientConn, testgrpc.TestServiceClient) {
	t.Helper()
	cc, err := dial(sockets(), e.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cc.Close() })
	return cc, testgrpc.NewTestServiceClient(cc)
}

// TestNobody: a call to nobody fails and says what to do.
func TestNobody(t *testing.T) {
	for kind, e := range endpoints(t) {
		_, tc := client(t, e)
		_, err := tc.EmptyCall(limit(t), &testgrpc.Empty{})
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), e.addr.String()) ||
			!strings.Contains(err.Error(), "start ") {
			t.Errorf("%s: %v, want Unavailable, the address and advice", kind, err)
		}
	}
}

// TestServerComesAndGoes: calls that wait for the server find it when it comes, and again when it comes back.
func TestServerComesAndGoes(t *testing.T) {
	for kind, e := range endpoints(t) {
		t.Run(kind, func(t *testing.T) {
			ctx := limit(t)
			cc, tc := client(t, e)
			cc.Connect()
			for s := cc.GetState(); s != connectivity.TransientFailure; s = cc.GetState() {
				if !cc.WaitForStateChange(ctx, s) {
					t.Fatalf("still %v without a server", s)
				}
			}
			for range 2 {
				stop := serveOurs(t, e)
				cc.ResetConnectBackoff()
				if _, err := tc.EmptyCall(ctx, &testgrpc.Empty{}, grpc.WaitForReady(true)); err != nil {
					t.Fatal(err)
				}
				stop()
			}
		})
	}
}

// TestGracefulStop: a call that runs when the server is stopped ends in its own time, and nobody gets in any more.
func TestGracefulStop(t *testing.T) {
	for kind, e := range endpoints(t) {
		t.Run(kind, func(t *testing.T) {
			ctx := limit(t)
			stop := serveOurs(t, e)
			cc, tc := client(t, e)
			stream, err := tc.FullDuplexCall(ctx)
			if err != nil {
				t.Fatal(err)
			}
			exchange := func() {
				t.Helper()
				ask := &testgrpc.StreamingOutputCallRequest{ResponseParameters: []*testgrpc.ResponseParameters{{Size: 100_000}}}
				if err := stream.Send(ask); err != nil {
					t.Fatal(err)
				}
				got, err := stream.Recv()
				if n := len(got.GetPayload().GetBody()); err != nil || n != 100_000 {
					t.Fatalf("received %d bytes, %v", n, err)
				}
			}
			exchange()
			stopped := make(chan struct{})
			go func() { stop(); close(stopped) }()
			if !cc.WaitForStateChange(ctx, connectivity.Ready) {
				t.Fatal("the client was not told that the server stops")
			}
			exchange()
			if _, err := tc.EmptyCall(ctx, &testgrpc.Empty{}); status.Code(err) != codes.Unavailable {
				t.Errorf("another call: %v, want Unavailable", err)
			}
			if err := stream.CloseSend(); err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Recv(); err != io.EOF {
				t.Errorf("the call ended with %v", err)
			}
			<-stopped
		})
	}
}

// TestLocalCredentials: gRPC's own check that a connection stays on this machine takes ours for what they are.
func TestLocalCredentials(t *testing.T) {
	for kind, e := range endpoints(t) {
		t.Run(kind, func(t *testing.T) {
			ln, err := sockets().Listen(t.Context(), e.addr)
			if err != nil {
				t.Fatal(err)
			}
			serveWith(t, ln, grpc.Creds(local.NewCredentials()))
			cc, err := grpc.NewClient("passthrough:localhost", grpc.WithTransportCredentials(local.NewCredentials()),
				grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
					return sockets().Dial(ctx, e.addr)
				}))
			if err != nil {
				t.Fatal(err)
			}
			defer cc.Close()
			if _, err := testgrpc.NewTestServiceClient(cc).EmptyCall(limit(t), &testgrpc.Empty{}); err != nil {
				t.Error(err)
			}
		})
	}
}
