package archtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestWrongBehavioursAreFound: pages that do not fit the source.
func TestWrongBehavioursAreFound(t *testing.T) {
	var page strings.Builder
	fmt.Fprintln(&page, "| | behaviour | checked by |\n|---|---|---|")
	for n := 1; n <= behaviours; n++ {
		switch n {
		case 2:
			fmt.Fprintln(&page, "| T02–T04 | three | `p.TestA`, `q.TestB`; and a word |")
		case 3, 4:
		case 5:
			fmt.Fprintln(&page, "| T05 | five | no meaning: because |")
		default:
			fmt.Fprintf(&page, "| T%02d | one | `p.TestA` |\n", n)
		}
	}
	good := page.String()
	for _, c := range []struct {
		name, old, new string
		want           []string
	}{
		{"all fits", "", "", nil},
		{"a test that is not there", "`q.TestB`", "`q.TestA`", []string{behavioursPage + ":4: there is no q.TestA"}},
		{"a function that is no test of it", "`q.TestB`", "`q.TestHelper`", []string{behavioursPage + ":4: there is no q.TestHelper"}},
		{"one of no test file", "`q.TestB`", "`q.TestC`", []string{behavioursPage + ":4: there is no q.TestC"}},
		{"neither test nor reason", "no meaning: because", "because", []string{behavioursPage + ":5: T05 has neither"}},
		{"no row", "| T05 | five | no meaning: because |\n", "", []string{behavioursPage + ": T05 has no row"}},
		{"two rows", "| T05 |", "| T04–T05 |", []string{behavioursPage + ":5: T04 has a row already"}},
		{"none of them", "| T05 |", "| T90 |", []string{behavioursPage + ":5: T90 has a row already, or is none", behavioursPage + ": T05 has no row"}},
		{"a row that is none", "| T05 | five |", "| T05 five |", []string{behavioursPage + ":5: no row of a behaviour", behavioursPage + ": T05 has no row"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src, err := load(fstest.MapFS{
				behavioursPage: {Data: []byte(strings.Replace(good, c.old, c.new, 1))},
				"p/p_test.go":  {Data: []byte("package p\nfunc TestA(t *testing.T) {}\n")},
				"q/q_test.go":  {Data: []byte("package q_test\nfunc TestB(t *testing.T) {}\nfunc (x) TestHelper() {}\n")},
				"q/q.go":       {Data: []byte("package q\nfunc TestC(t *testing.T) {}\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			wantFindings(t, checkBehaviours(src), c.want...)
		})
	}
}
