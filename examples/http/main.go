// Command http runs plain net/http over Bellpull's listeners and dialers.
//
//	go run ./examples/http serve local:editor
//	go run ./examples/http get local:editor
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"

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
	if len(args) != 2 || args[0] != "serve" && args[0] != "get" {
		return errors.New("usage: http serve|get ADDRESS")
	}
	addr, err := transport.ParseAddr(args[1])
	if err != nil {
		return err
	}
	set := transport.NewSet(unixsock.Transport{}, npipe.Transport{})
	if args[0] == "get" {
		return get(ctx, newClient(set, addr))
	}
	ln, err := set.Listen(ctx, addr)
	if err != nil {
		return err
	}
	fmt.Println("listening at", ln.Addr())
	return serve(ctx, newServer(http.HandlerFunc(hello)), ln)
}

// get prints what the server says.
func get(ctx context.Context, c *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/", nil)
	if err != nil {
		return err
	}
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}
