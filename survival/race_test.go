//go:build race && (linux || darwin)

package survival

// raced says that the race detector is at work, under which copying a megabyte takes many times as long.
const raced = true
