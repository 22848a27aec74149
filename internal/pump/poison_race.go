//go:build race

package pump

// poison overwrites the bytes of a request that is over, so that a handler which kept what it had only borrowed sees
// rubbish in tests rather than another request in production. Builds with the race detector are test builds.
func poison(b []byte) {
	b = b[:cap(b)]
	for i := range b {
		b[i] = 0xdb
	}
}
