package measure

import (
	"math"
	"slices"
)

// A Spread is a figure that was measured in several rounds.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// SpreadOf gives the spread of the figures of rounds; the zero Spread of none.
func SpreadOf(rounds []float64) Spread {
	if len(rounds) == 0 {
		return Spread{}
	}
	v := slices.Sorted(slices.Values(rounds))
	m := v[len(v)/2]
	if len(v)%2 == 0 {
		m = (v[len(v)/2-1] + m) / 2
	}
	return Spread{m, v[0], v[len(v)-1]}
}

// A Change is how a figure of one result compares with that of another.
type Change struct {
	Ratio float64 // of the medians, the second over the first; 0 when the first is 0
	// Beyond says that every round of one result is beyond every round of the other, and the medians are 2 % apart: with
	// five rounds each, chance alone does that once in a hundred and twenty-six. It is false of a result of one round,
	// which does not tell how it varies.
	Beyond bool
}

// least is the smallest difference that counts, as a share.
const least = 0.02

// Compare compares two spreads. rounds is the number of rounds of the result that has fewer.
func Compare(a, b Spread, rounds int) Change {
	c := Change{}
	if a.Median != 0 {
		c.Ratio = b.Median / a.Median
	}
	apart := b.Min > a.Max || b.Max < a.Min
	c.Beyond = rounds > 1 && apart && math.Abs(b.Median-a.Median) >= least*math.Abs(a.Median)
	return c
}
