//go:build race

package sim_test

// raced says that the race detector is on, which has the scheduler choose at random.
const raced = true
