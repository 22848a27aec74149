package archtest

import (
	"os"
	"testing"
)

// TestSource holds the source of the repository against every rule.
func TestSource(t *testing.T) {
	src, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	if !src.has(".") || !src.has("internal/archtest") || src.mods["."] == "" {
		t.Fatalf("the tree of %d packages is not this repository", len(src.pkgs))
	}
	for _, c := range []struct {
		name  string
		found []string
	}{
		{"imports point down", checkImports(src, rules, deps)},
		{"rules name what exists", checkRules(src, rules, deps)},
		{"dependencies are listed", checkModules(src, deps)},
		{"unsafe is in files of its name", checkUnsafe(src)},
		{"nothing runs before main", checkInit(src)},
		{"libraries do not print", checkPrints(src, printers)},
		{"package variables do not change", checkVars(src, mutable)},
		{"each package has one doc comment", checkDocs(src)},
		{"limits are told", checkLimits(src, limited, notLimits)},
		{"files are short", checkLengths(src, longFiles)},
		{"behaviours have tests", checkBehaviours(src)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, f := range c.found {
				t.Error(f)
			}
		})
	}
}
