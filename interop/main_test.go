package interop_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// atExit is what is to be done when all tests are over.
var atExit []func()

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() && flag.Lookup("test.run").Value.String() == "" {
		// The whole suite takes a minute and a half, nearly all of it other programs that start. The quick checks
		// leave it out unless tests are named; the whole checks do not say -short.
		fmt.Fprintln(os.Stderr, "interop: LEFT OUT with -short; run it without, or name tests with -run")
		os.Exit(0)
	}
	code := m.Run()
	for _, f := range atExit {
		f()
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, "interop: goroutines were left:", err)
		code = 1
	}
	os.Exit(code)
}
