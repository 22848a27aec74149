// Command client calls the process "calc": a route, and an object.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

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
	ctx := context.Background()
	peer, err := campus.Dial(ctx, append(os.Args, "npipe:calc")[1])
	if err != nil {
		log.Fatal(err)
	}
	defer peer.Close(ctx)

	sum, err := bellpull.Call[Sum](ctx, peer, "add", Pair{A: 1, B: 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("1 + 2 =", sum.Value)

	remote := campus.ObjectOf(peer, counter, "")
	var value int
	if err := remote.Invoke(ctx, "Add", &value, 3); err != nil {
		log.Fatal(err)
	}
	fmt.Println("counted to", value)
}
