package archtest

import (
	"fmt"
	"go/ast"
	"regexp"
	"strconv"
	"strings"
)

// behavioursPage says of each behaviour that the tests of dotnetCampus.Ipc ask for which test of ours checks it.
const behavioursPage = "docs/interop.md"

// behaviours is how many there are: T01 to T89.
const behaviours = 89

var (
	behaviourRow  = regexp.MustCompile(`^\| T(\d\d)(?:–T(\d\d))? \| ([^|]+) \| ([^|]+) \|$`)
	behaviourTest = regexp.MustCompile("`(\\w+)\\.(Test\\w+)`")
)

// checkBehaviours holds the page against the source: each behaviour has one row, which names tests that exist, or says
// why it has no meaning.
func checkBehaviours(t *tree) (found []string) {
	tests := map[string]bool{} // campus.TestX
	for _, p := range t.pkgs {
		for _, f := range p.files {
			for _, d := range f.syntax.Decls {
				if d, ok := d.(*ast.FuncDecl); ok && f.test && d.Recv == nil {
					tests[qualifier(p.dir)+"."+d.Name.Name] = true
				}
			}
		}
	}
	var rows [behaviours + 1]int
	for i, line := range strings.Split(t.docs[behavioursPage], "\n") {
		m := behaviourRow.FindStringSubmatch(line)
		if m == nil {
			if strings.HasPrefix(line, "| T") {
				found = append(found, fmt.Sprintf("%s:%d: no row of a behaviour: %s", behavioursPage, i+1, line))
			}
			continue
		}
		first, _ := strconv.Atoi(m[1])
		last, _ := strconv.Atoi(m[2])
		for n := first; n <= max(first, last); n++ {
			if n < 1 || n > behaviours || rows[n] > 0 {
				found = append(found, fmt.Sprintf("%s:%d: T%02d has a row already, or is none", behavioursPage, i+1, n))
				continue
			}
			rows[n] = i + 1
		}
		named := behaviourTest.FindAllStringSubmatch(m[4], -1)
		if len(named) == 0 && !strings.HasPrefix(m[4], "no meaning: ") {
			found = append(found, fmt.Sprintf("%s:%d: T%02d has neither a test nor a reason", behavioursPage, i+1, first))
		}
		for _, test := range named {
			if name := test[1] + "." + test[2]; !tests[name] {
				found = append(found, fmt.Sprintf("%s:%d: there is no %s", behavioursPage, i+1, name))
			}
		}
	}
	for n := 1; n <= behaviours; n++ {
		if rows[n] == 0 {
			found = append(found, fmt.Sprintf("%s: T%02d has no row", behavioursPage, n))
		}
	}
	return found
}
