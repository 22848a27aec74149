//go:build !race && (linux || darwin)

package survival

const raced = false
