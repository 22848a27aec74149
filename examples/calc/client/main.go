// Command client calls add at local:calc, or at the address it is given.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// Pair is what add takes.
type Pair struct{ A, B int }

func main() {
	ctx := context.Background()
	peer, err := dmtp.Dial(ctx, append(os.Args, "local:calc")[1])
	if err != nil {
		log.Fatal(err)
	}
	defer peer.Close(ctx)
	sum, err := bellpull.Call[int](ctx, peer, "add", Pair{1, 2})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("1 + 2 =", sum)
}
