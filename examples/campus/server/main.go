// Command server is the process "calc": it has the route "add", and an object that counts.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync/atomic"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// Pair is what the route "add" takes, Sum what it gives.
type (
	Pair struct{ A, B int }
	Sum  struct{ Value int }
)

// counter describes the interface Shop.ICounter.
var counter = &campus.Contract{Name: "Shop.ICounter", Members: []campus.Member{
	{Name: "Value", Kind: campus.Get},
	{Name: "Add", Kind: campus.Method, Params: []string{"int"}},
}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	mux := bellpull.NewMux()
	bellpull.Handle(mux, "add", func(_ context.Context, p Pair) (Sum, error) {
		return Sum{Value: p.A + p.B}, nil
	})

	var count atomic.Int64
	objects := campus.NewObjects()
	if _, err := objects.Serve(counter, "", map[string]any{
		"get_Value": func() int64 { return count.Load() },
		"Add":       func(n int64) int64 { return count.Add(n) },
	}); err != nil {
		log.Fatal(err)
	}

	node, err := campus.Listen(ctx, append(os.Args, "npipe:calc")[1], mux, campus.ServeObjects(objects))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", node.Addrs()[0])
	<-ctx.Done()
	node.Close(context.Background())
}
