//go:build !unix

package rival

// times: not told here.
func times() (seconds float64, waits int64) { return 0, 0 }
