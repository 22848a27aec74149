//go:build linux || darwin

package unixsock_test

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/bellpull/bellpull/transport/unixsock"
)

func Example() {
	ctx := context.Background()
	name := fmt.Sprintf("local:example-%d", os.Getpid())
	l, err := unixsock.Listen(ctx, name)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	go func() {
		c, err := unixsock.Dial(ctx, name)
		if err != nil {
			return
		}
		io.WriteString(c, "ring")
		c.Close()
	}()
	c, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	heard, err := io.ReadAll(c)
	fmt.Printf("heard %q, %v; from my user: %t\n", heard, err, c.(*unixsock.Conn).Identity().SameUser)
	// Output: heard "ring", <nil>; from my user: true
}
