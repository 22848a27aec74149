// Command server answers add at local:calc, or at the address it is given.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
)

// Pair is what add takes.
type Pair struct{ A, B int }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	mux := bellpull.NewMux()
	bellpull.Handle(mux, "add", func(ctx context.Context, p Pair) (int, error) {
		return p.A + p.B, nil
	})
	node, err := dmtp.Listen(ctx, append(os.Args, "local:calc")[1], mux)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", node.Addrs()[0])
	<-ctx.Done()
	node.Close(context.Background())
}
