package fdtest

import (
	"os"
	"runtime"
	"testing"
	"time"
)

// fake is a test that notes what becomes of it.
type fake struct {
	testing.TB
	cleanup func()
	failed  bool
}

func (f *fake) Helper()               {}
func (f *fake) Cleanup(g func())      { f.cleanup = g }
func (f *fake) Failed() bool          { return f.failed }
func (f *fake) Errorf(string, ...any) { f.failed = true }
func (f *fake) Fatal(...any)          { f.failed = true }

// TestWhatStaysOpenIsSeen: a file that a test forgets fails it, one that it closes does not.
func TestWhatStaysOpenIsSeen(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps no list of descriptors")
	}
	defer func(was time.Duration) { patience = was }(patience)
	patience = 10 * time.Millisecond
	for _, forget := range []bool{false, true} {
		f := &fake{TB: t}
		Same(f)
		file, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		if !forget {
			file.Close()
		}
		if f.cleanup(); f.failed != forget {
			t.Errorf("forgotten %v: failed %v", forget, f.failed)
		}
		file.Close()
	}
}
