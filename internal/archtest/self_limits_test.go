package archtest

import (
	"testing"
	"testing/fstest"
)

// TestWrongLimitsAreFound: a page and constants that do not fit.
func TestWrongLimitsAreFound(t *testing.T) {
	src := func(page, code string) *tree {
		s, err := load(fstest.MapFS{limitsPage: {Data: []byte(page)}, "p/p.go": {Data: []byte("package p\nimport (\"time\"; \"x/y\")\n" + code)}})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const code = "const maxA = 1<<10\nconst (\n\tdefaultB = 3 * time.Second\n\tkeepC = 254\n\tMaxD = 2 * maxA\n)\nvar maxE = y.F\n"
	const good = "# Limits\n| what | default | change it | when | code |\n|---|---|---|---|---|\n" +
		"| a | 1 KiB | – | – | `p.maxA` |\n| b | 3 s | – | – | `p.defaultB` |\n| d | 2,048 bytes | – | – | `p.MaxD` |\n"
	for _, c := range []struct {
		name, page string
		not        map[string]string
		want       []string
	}{
		{"all fits", good, nil, nil},
		{"a limit that needs no row has one", good + "| c | 254 | – | – | `p.keepC` |\n", nil, nil},
		{"another number", good + "| c | 255 | – | – | `p.keepC` |\n", nil, []string{limitsPage + ":7: p.keepC is 254"}},
		{"no number", good + "| c | some | – | – | `p.keepC` |\n", nil, []string{limitsPage + ":7: p.keepC is 254"}},
		{"no constant", good + "| e | 1 | – | – | `p.maxE` |\n", nil, []string{limitsPage + ":7: there is no constant p.maxE"}},
		{"twice", good + "| a | 1 KiB | – | – | `p.maxA` |\n", nil, []string{limitsPage + ":7: p.maxA is there twice"}},
		{"a limit is missing", "", map[string]string{"p.maxA": "x", "p.MaxD": "x"}, []string{limitsPage + ": p.defaultB is not there"}},
		{"an exception too many", good, map[string]string{"p.maxA": "x", "p.gone": "x"}, []string{"notLimits: p.gone", "notLimits: p.maxA"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantFindings(t, checkLimits(src(c.page, code), []string{"p"}, c.not), c.want...)
		})
	}
}
