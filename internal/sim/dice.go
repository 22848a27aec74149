package sim

import "time"

// Dice are random numbers that are looked up instead of drawn: the same place always holds the same number.
type Dice uint64

// Of gives the dice of a part of what these are for.
func (d Dice) Of(part uint64) Dice {
	// The finalizer of splitmix64, whose outputs for neighbouring inputs have nothing in common.
	x := uint64(d) + (part+1)*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return Dice(x ^ x>>31)
}

// Named is Of for a text.
func (d Dice) Named(part string) Dice {
	for _, b := range []byte(part) {
		d = d.Of(uint64(b))
	}
	return d.Of(uint64(len(part)))
}

// Below gives a number from 0 to n-1; n is at least 1.
func (d Dice) Below(n int) int { return int(uint64(d) % uint64(n)) }

// Time gives a time from 0 to less than most, which is positive.
func (d Dice) Time(most time.Duration) time.Duration {
	return time.Duration(uint64(d) % uint64(most))
}

// Chance is true in percent of 100 cases.
func (d Dice) Chance(percent int) bool { return d.Below(100) < percent }
