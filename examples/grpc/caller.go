package main

import (
	"context"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"

	"github.com/bellpull/bellpull/transport"
)

// callerCreds are the insecure credentials, which also tell handlers who is at the other end of a connection of ours.
// They are for servers.
type callerCreds struct {
	credentials.TransportCredentials
}

func newCallerCreds() callerCreds { return callerCreds{insecure.NewCredentials()} }

// callerInfo is what they tell.
type callerInfo struct {
	credentials.CommonAuthInfo
	identity transport.Identity
}

// AuthType implements [credentials.AuthInfo].
func (callerInfo) AuthType() string { return "caller" }

// ServerHandshake reads and writes nothing. It is called once for each connection.
func (callerCreds) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	info := callerInfo{CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.NoSecurity}}
	if c, ok := c.(transport.Conn); ok {
		info.identity = c.Identity()
	}
	return c, info, nil
}

// Clone implements [credentials.TransportCredentials].
func (callerCreds) Clone() credentials.TransportCredentials { return newCallerCreds() }

// caller says who made the call of ctx, as the operating system tells it.
func caller(ctx context.Context) transport.Identity {
	p, _ := peer.FromContext(ctx)
	if p == nil {
		return transport.Identity{}
	}
	info, _ := p.AuthInfo.(callerInfo)
	return info.identity
}

// logCaller writes down who calls.
func logCaller(ctx context.Context, req any, call *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	id := caller(ctx)
	log.Printf("process %d of user %d calls %s", id.PID, id.UID, call.FullMethod)
	return next(ctx, req)
}
