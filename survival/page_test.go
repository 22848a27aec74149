//go:build linux || darwin

package survival

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestThePageNamesEveryTest: docs/reliability.md has a row for each test of a promise, and for none that is not there.
func TestThePageNamesEveryTest(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range files {
		have = append(have, matches(t, f, `(?m)^func (TestP\d\d\w*)\(`)...)
	}
	named := matches(t, "../docs/reliability.md", "(?m)^\\| `(TestP\\d\\d\\w*)` \\|")
	for _, test := range have {
		if !slices.Contains(named, test) {
			t.Errorf("docs/reliability.md does not name %s", test)
		}
	}
	for i, test := range named {
		if !slices.Contains(have, test) {
			t.Errorf("docs/reliability.md names %s, which is not here", test)
		}
		if slices.Contains(named[:i], test) {
			t.Errorf("docs/reliability.md has two rows for %s", test)
		}
	}
	for p := 1; p <= 13; p++ {
		prefix := "TestP" + string([]byte{'0' + byte(p/10), '0' + byte(p%10)})
		if !slices.ContainsFunc(have, func(s string) bool { return s[:len(prefix)] == prefix }) {
			t.Errorf("promise %d has no test %s…", p, prefix)
		}
	}
}

// matches gives what the pattern's group matches in a file.
func matches(t *testing.T, file, pattern string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	return list
}
