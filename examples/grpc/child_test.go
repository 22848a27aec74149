//go:build linux || darwin

package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"

	"github.com/bellpull/bellpull/transport"
)

// childVar has the test binary be a client of its own: gRPC's test functions end the process when they fail.
const childVar = "BELLPULL_GRPC_CHILD"

// child is the process that a test has started.
func child(mode string, args []string) {
	switch mode {
	case "main":
		os.Args = append(os.Args[:1], args...)
		main()
	case "ours": // ADDRESS: by our dialer
		addr, err := transport.ParseAddr(args[0])
		if err != nil {
			log.Fatal(err)
		}
		runCases(dial(sockets(), addr))
	case "plain": // TARGET: by grpc-go's own dialer
		runCases(grpc.NewClient(args[0], grpc.WithTransportCredentials(insecure.NewCredentials())))
	default:
		log.Fatalf("no child %s", mode)
	}
}

// interopCase is one of gRPC's interoperability tests.
type interopCase struct {
	name string
	run  func(context.Context, *grpc.ClientConn)
}

// interopCases are those that need neither TLS nor a load balancer. The names are gRPC's.
func interopCases() []interopCase {
	of := func(f func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)) func(context.Context, *grpc.ClientConn) {
		return func(ctx context.Context, cc *grpc.ClientConn) { f(ctx, testgrpc.NewTestServiceClient(cc)) }
	}
	return []interopCase{
		{"empty_unary", of(interop.DoEmptyUnaryCall)},
		{"large_unary", of(interop.DoLargeUnaryCall)},
		{"client_streaming", of(interop.DoClientStreaming)},
		{"server_streaming", of(interop.DoServerStreaming)},
		{"ping_pong", of(interop.DoPingPong)},
		{"empty_stream", of(interop.DoEmptyStream)},
		{"timeout_on_sleeping_server", of(interop.DoTimeoutOnSleepingServer)},
		{"cancel_after_begin", of(interop.DoCancelAfterBegin)},
		{"cancel_after_first_response", of(interop.DoCancelAfterFirstResponse)},
		{"custom_metadata", of(interop.DoCustomMetadata)},
		{"status_code_and_message", of(interop.DoStatusCodeAndMessage)},
		{"special_status_message", of(interop.DoSpecialStatusMessage)},
		{"unimplemented_method", interop.DoUnimplementedMethod},
		{"unimplemented_service", func(ctx context.Context, cc *grpc.ClientConn) {
			interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(cc))
		}},
	}
}

// runCases runs the cases on one connection and prints the name of each that passed.
func runCases(cc *grpc.ClientConn, err error) {
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, c := range interopCases() {
		c.run(ctx, cc)
		fmt.Println(c.name)
	}
	cc.Close()
	if err := goleak.Find(); err != nil {
		log.Fatal(err)
	}
}

// startChild starts the test binary as the given child.
func startChild(t *testing.T, mode string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(limit(t), exe, args...)
	cmd.Env = append(os.Environ(), childVar+"="+mode)
	return launch(t, cmd)
}

// wantCases has a child run the cases and checks that all pass.
func wantCases(t *testing.T, mode string, args ...string) {
	t.Helper()
	p := startChild(t, mode, args...)
	for _, c := range interopCases() {
		passed := t.Run(c.name, func(t *testing.T) {
			if got, err := p.read(); err != nil || got != c.name {
				t.Fatalf("the client says %q, %v", got, err)
			}
		})
		if !passed {
			return
		}
	}
	p.end()
}
