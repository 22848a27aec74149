package mem_test

import (
	"context"
	"fmt"
	"io"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/mem"
)

func Example() {
	ctx := context.Background()
	network := mem.New()
	calc := transport.Addr{Scheme: "mem", Rest: "calc"}

	l, err := network.Listen(ctx, calc)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	client, err := network.Dial(ctx, calc)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := l.AcceptConn()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	io.WriteString(client, "ding")
	client.Close()
	text, err := io.ReadAll(server)
	fmt.Printf("%s %v from %s\n", text, err, server.LocalAddr())
	// Output: ding <nil> from mem:calc
}

func ExamplePipe() {
	a, b := mem.Pipe(mem.Buffer(4))
	defer a.Close()
	defer b.Close()

	n, err := a.TryWrite([]byte("ding dong"))
	fmt.Println(n, err)
	n, err = a.TryWrite([]byte(" dong"))
	fmt.Println(n, err)
	// Output:
	// 4 <nil>
	// 0 <nil>
}
