//go:build linux || darwin

package survival

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	page = "../docs/reliability.md"
	// campusSection is what of the page says how dotnetCampus.Ipc keeps the promises.
	campusSection = "## Over dotnetCampus.Ipc\n"
	promises      = 13
)

// TestThePageNamesEveryTest: docs/reliability.md has a row for each test of a promise, and for none that is not there.
func TestThePageNamesEveryTest(t *testing.T) {
	have, text := testsHere(t), pageText(t)
	named := matches(text, "(?m)^\\| `(TestP\\d\\d\\w*)` \\|")
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
	for p := 1; p <= promises; p++ {
		prefix := fmt.Sprintf("TestP%02d", p)
		if !slices.ContainsFunc(have, func(s string) bool { return strings.HasPrefix(s, prefix) }) {
			t.Errorf("promise %d has no test %s…", p, prefix)
		}
	}
}

// TestThePageSaysOfEachPromiseHowPipesKeepIt: one row each, in their order, and the tests that are of pipes alone.
func TestThePageSaysOfEachPromiseHowPipesKeepIt(t *testing.T) {
	_, section, ok := strings.Cut(pageText(t), campusSection)
	if !ok {
		t.Fatalf("docs/reliability.md has no %q", campusSection)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var want []string
	for p := 1; p <= promises; p++ {
		want = append(want, fmt.Sprint("P", p))
	}
	if got := matches(section, `(?m)^\| (P\d+) \| \S`); !slices.Equal(got, want) {
		t.Errorf("of dotnetCampus.Ipc it says %v, want %v", got, want)
	}
	for _, test := range testsHere(t) {
		if strings.Contains(test, "OverPipes") && !strings.Contains(section, "`"+test+"`") {
			t.Errorf("the section on dotnetCampus.Ipc does not name %s", test)
		}
	}
	for _, verb := range []string{"Peer.Ping", "Peer.OpenChannel", "Accepted()", "Metadata(…)"} { // see TestP02OverPipesWhatThereIsNot…
		if !strings.Contains(section, "`"+verb+"`") {
			t.Errorf("the section on dotnetCampus.Ipc does not say that there is no %s", verb)
		}
	}
}

// broken is a place that the page names: a file, and what in it.
var broken = regexp.MustCompile("`([\\w/]+\\.go)`(?:[,:] (?:and )?`(?:\\w+\\.)?(\\w+)`)?")

// TestThePageKnowsTheSource: the places in which the page says something was broken, to see a test fail, are still there.
func TestThePageKnowsTheSource(t *testing.T) {
	places := 0
	for _, row := range regexp.MustCompile("(?m)^\\| `(TestP\\w+)` \\| (.*?) \\| .* \\|$").FindAllStringSubmatch(pageText(t), -1) {
		dir := ".."
		for _, place := range broken.FindAllStringSubmatch(row[2], -1) {
			path := filepath.Join("..", place[1])
			text, err := os.ReadFile(path)
			if err != nil && !strings.Contains(place[1], "/") { // in the directory of the one before
				path = filepath.Join(dir, place[1])
				text, err = os.ReadFile(path)
			}
			if err != nil {
				t.Errorf("%s: %v", row[1], err)
			} else if !regexp.MustCompile(`\b` + place[2] + `\b`).Match(text) {
				t.Errorf("%s: there is no %s in %s", row[1], place[2], path)
			}
			dir = filepath.Dir(path)
			places++
		}
	}
	if places < len(testsHere(t))/2 {
		t.Errorf("found %d places in the page", places)
	}
}

// testsHere gives the tests of promises.
func testsHere(t *testing.T) (list []string) {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, matches(string(text), `(?m)^func (TestP\d\d\w*)\(`)...)
	}
	return list
}

func pageText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// matches gives what the pattern's group matches in a text.
func matches(text, pattern string) (list []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}
