package tcp_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/tcp"
)

func Example() {
	ctx := context.Background()
	l, err := tcp.Listen(ctx, "tcp:127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := tcp.Dial(ctx, l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := l.AcceptConn()
	if err != nil {
		fmt.Println(err)
		return
	}
	io.WriteString(client, "ding")
	client.Close()
	text, err := io.ReadAll(server)
	fmt.Printf("%s %v\n", text, err)
	server.Close()

	l.Close()
	_, err = tcp.Dial(ctx, l.Addr().String())
	fmt.Println(errors.Is(err, transport.ErrNoServer))
	// Output:
	// ding <nil>
	// true
}
