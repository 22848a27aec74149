package interop_test

import (
	"os"
	"testing"
)

// atExit is what is to be done when all tests are over.
var atExit []func()

func TestMain(m *testing.M) {
	code := m.Run()
	for _, f := range atExit {
		f()
	}
	os.Exit(code)
}
