//go:build !race

package sim_test

// raced: see race_test.go.
const raced = false
