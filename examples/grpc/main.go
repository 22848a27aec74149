// Command grpc runs plain grpc-go over Bellpull's listeners and dialers. The service is gRPC's own test service.
//
//	go run . serve npipe:editor
//	go run . call npipe:editor
//
// Any address of package unixsock or npipe will do, such as local:editor or unix:/run/editor.sock.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/npipe"
	"github.com/bellpull/bellpull/transport/unixsock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

// run does what the command line says.
func run(ctx context.Context, args []string) error {
	if len(args) != 2 || args[0] != "serve" && args[0] != "call" {
		return errors.New("usage: grpc serve|call ADDRESS")
	}
	addr, err := transport.ParseAddr(args[1])
	if err != nil {
		return err
	}
	set := transport.NewSet(unixsock.Transport{}, npipe.Transport{})
	if args[0] == "call" {
		return call(ctx, set, addr)
	}
	ln, err := set.Listen(ctx, addr)
	if err != nil {
		return err
	}
	fmt.Println("listening at", ln.Addr())
	return serve(ctx, ln, grpc.UnaryInterceptor(logCaller))
}

// serve answers calls that come through ln until ctx is done, and returns when the last of them has ended. It closes
// ln.
func serve(ctx context.Context, ln net.Listener, opts ...grpc.ServerOption) error {
	s := grpc.NewServer(append(opts, grpc.Creds(newCallerCreds()))...)
	testgrpc.RegisterTestServiceServer(s, interop.NewTestServer())
	defer context.AfterFunc(ctx, s.GracefulStop)()
	return s.Serve(ln)
}

// dial gives a client of the server at addr. It connects with the first call.
func dial(set transport.Set, addr transport.Addr) (*grpc.ClientConn, error) {
	// The target only says what the server reads as :authority, the dialer goes to addr whatever it is. Some
	// servers, Kestrel among them, take nothing but a host there.
	return grpc.NewClient("passthrough:localhost",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return set.Dial(ctx, addr)
		}))
}

// call makes one call to the server at addr.
func call(ctx context.Context, set transport.Set, addr transport.Addr) error {
	cc, err := dial(set, addr)
	if err != nil {
		return err
	}
	defer cc.Close()
	reply, err := testgrpc.NewTestServiceClient(cc).UnaryCall(ctx, &testgrpc.SimpleRequest{ResponseSize: 1 << 20})
	if err != nil {
		return err
	}
	fmt.Println("received", len(reply.GetPayload().GetBody()), "bytes")
	return nil
}
