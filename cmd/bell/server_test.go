package main

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/transport/mem"
)

// buffer is a writer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (w *buffer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *buffer) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

// TestServerDrains: a call that runs when the server is told to end still gets its answer.
func TestServerDrains(t *testing.T) {
	network := mem.New()
	entered, goOn := make(chan struct{}), make(chan struct{})
	m := bellpull.NewMux()
	bellpull.HandleFunc(m, "wait", func() string {
		close(entered)
		<-goOn
		return "done"
	})
	var out buffer
	a := &app{out: &out, err: &out, output: "text"}
	s := server{app: a, link: &link{timeout: 5 * time.Second}, grace: time.Minute,
		node: bellpull.NewNode("", bellpull.WithMux(m), bellpull.WithTransports(network), bellpull.WithHandlerInterceptor(a.showHandlers(64)))}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx, &dmtp.Protocol{}, []string{"mem:x"}) }()
	peer, err := dmtp.Dial(t.Context(), "mem:x", dmtp.NodeOptions(bellpull.WithTransports(network)), dmtp.DialOptions(bellpull.WaitForServer()))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close(context.Background())
	answered := make(chan error, 1)
	go func() {
		got, err := bellpull.Call[string](t.Context(), peer, "wait")
		if got != "done" && err == nil {
			t.Errorf("got %q", got)
		}
		answered <- err
	}()
	<-entered
	cancel()
	select {
	case err := <-ended:
		t.Fatalf("ended with %v while a call ran", err)
	default:
	}
	close(goOn)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, want := range []string{"listening on mem:x\n", "methods: wait\n", "\"done\"", "stopped\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestCountdownEndsOnce(t *testing.T) {
	ends, ran := 0, 0
	c := countdown{left: 2, end: func() { ends++ }}
	for range 5 {
		c.take(func() { ran++ })
	}
	if ran != 2 || ends != 1 {
		t.Errorf("ran %d, ended %d times", ran, ends)
	}
	c = countdown{end: func() { t.Error("0 means any number") }}
	for range 5 {
		c.take(func() {})
	}
}
