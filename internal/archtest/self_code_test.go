package archtest

import (
	"strings"
	"testing"
)

// TestWrongCodeIsFound: each check finds what it is for, and leaves alone what only looks like it.
func TestWrongCodeIsFound(t *testing.T) {
	long := strings.Repeat("\n", maxLines)
	lengths := func(listed map[string]string) func(*tree) []string {
		return func(t *tree) []string { return checkLengths(t, listed) }
	}
	vars := func(listed map[string]string) func(*tree) []string {
		return func(t *tree) []string { return checkVars(t, listed) }
	}
	prints := func(t *tree) []string { return checkPrints(t, []string{"cmd/*"}) }
	for _, c := range []struct {
		name  string
		check func(*tree) []string
		files map[string]string
		want  []string
	}{
		{"unsafe", checkUnsafe, map[string]string{"p/a.go": "package p\nimport \"unsafe\"\n"}, []string{"p/a.go:2: imports unsafe"}},
		{"unsafe in a test", checkUnsafe, map[string]string{"p/a_test.go": "package p\nimport \"unsafe\"\n"}, []string{"p/a_test.go:2: "}},
		{"unsafe by name", checkUnsafe, map[string]string{"p/a_unsafe.go": "package p\nimport \"unsafe\"\n"}, nil},

		{"init", checkInit, map[string]string{"p/a_windows.go": "package p\n\nfunc init() {}\n"}, []string{"p/a_windows.go:3: func init"}},
		{"a method called init", checkInit, map[string]string{"p/a.go": "package p\ntype t int\nfunc (t) init() {}\n"}, nil},

		{"print", prints, map[string]string{"p/a.go": "package p\nimport \"fmt\"\nfunc f() { fmt.Println() }\n"}, []string{"p/a.go:3: prints"}},
		{"print under another name", prints, map[string]string{"p/a.go": "package p\nimport out \"fmt\"\nfunc f() { out.Printf(\"\") }\n"}, []string{"p/a.go:3: prints"}},
		{"log", prints, map[string]string{"p/a.go": "package p\nimport \"log\"\nfunc f() { log.Fatal() }\n"}, []string{"p/a.go:3: prints"}},
		{"println", prints, map[string]string{"p/a.go": "package p\nfunc f() { println() }\n"}, []string{"p/a.go:2: prints"}},
		{"print of a command", prints, map[string]string{"cmd/x/a.go": "package p\nimport \"fmt\"\nfunc f() { fmt.Println() }\n"}, nil},
		{"print of a test", prints, map[string]string{"p/a_test.go": "package p\nimport \"fmt\"\nfunc f() { fmt.Println() }\n"}, nil},
		{"print of a program beside", prints, map[string]string{"p/a.go": "//go:build ignore\n\npackage main\nimport \"fmt\"\nfunc f() { fmt.Println() }\n"}, nil},
		{"print elsewhere", prints, map[string]string{"p/a.go": "package p\nimport \"fmt\"\nfunc f(log t) { log.Warn(fmt.Sprint()) }\n"}, nil},

		{"assigned variable", vars(nil), map[string]string{"p/a.go": "package p\nvar x int\nfunc f() { x = 1 }\n"}, []string{"p/a.go:3: changes the package variable x"}},
		{"counted variable", vars(nil), map[string]string{"p/a.go": "package p\nvar x int\nfunc f() { x++ }\n"}, []string{"p/a.go:3: "}},
		{"registry", vars(nil), map[string]string{"p/a.go": "package p\nfunc f() { x[1] = 2 }\n", "p/b.go": "package p\nvar x = map[int]int{}\n"}, []string{"p/a.go:2: "}},
		{"field of a variable", vars(nil), map[string]string{"p/a.go": "package p\nvar x struct{ a int }\nfunc f() { x.a = 2 }\n"}, []string{"p/a.go:3: "}},
		{"delete", vars(nil), map[string]string{"p/a.go": "package p\nvar x = map[int]int{}\nfunc f() { delete(x, 1) }\n"}, []string{"p/a.go:3: "}},
		{"in a function of another system", vars(nil), map[string]string{
			"p/a_linux.go": "package p\nfunc f() {}\n", "p/a_windows.go": "package p\nvar x int\nfunc f() { x = 1 }\n"},
			[]string{"p/a_windows.go:3: "}},
		{"variable of a function", vars(nil), map[string]string{"p/a.go": "package p\nvar x int\nfunc f() { x := 1; x = 2; y := x; y++ }\n"}, nil},
		{"variable of another package", vars(nil), map[string]string{"p/a.go": "package p\nimport \"os\"\nvar x int\nfunc f() { os.Args = nil }\n"}, nil},
		{"listed variable", vars(map[string]string{"p/x": "why"}), map[string]string{"p/a.go": "package p\nvar x int\nfunc f() { x = 1 }\n"}, nil},
		{"listed in vain", vars(map[string]string{"p/x": "why"}), map[string]string{"p/a.go": "package p\nvar x int\n"}, []string{"p/x: is listed"}},

		{"no doc", checkDocs, map[string]string{"p/a.go": "package p\n"}, []string{"p: package doc comments in []"}},
		{"two docs", checkDocs, map[string]string{"p/a.go": "// Package p is.\npackage p\n", "p/b.go": "// Package p is.\npackage p\n"}, []string{`p: package doc comments in ["p/a.go" "p/b.go"]`}},
		{"another's doc", checkDocs, map[string]string{"p/a.go": "// Package q is.\npackage p\n"}, []string{"p/a.go: the package doc comment begins"}},
		{"a doc", checkDocs, map[string]string{"p/a.go": "// Package p is.\npackage p\n", "p/a_test.go": "package p\n", "p/b.go": "package p\n"}, nil},
		{"a command's doc", checkDocs, map[string]string{"cmd/x/a.go": "// Command x is.\npackage main\n"}, nil},
		{"a command's doc, as the go tool has them", checkDocs, map[string]string{"cmd/x/a.go": "// X is.\npackage main\n"}, nil},
		{"tests only", checkDocs, map[string]string{"p/a_test.go": "package p\n"}, nil},

		{"long", lengths(nil), map[string]string{"p/a.go": "package p\n" + long}, []string{"p/a.go: 501 lines"}},
		{"long test", lengths(nil), map[string]string{"p/a_test.go": "package p\n" + long}, []string{"p/a_test.go: 501 lines"}},
		{"not long yet", lengths(nil), map[string]string{"p/a.go": "package p" + long}, nil},
		{"long for a reason", lengths(map[string]string{"p/a.go": "one table"}), map[string]string{"p/a.go": "package p\n" + long}, nil},
		{"listed in vain", lengths(map[string]string{"p/a.go": "one table"}), map[string]string{"p/a.go": "package p\n"}, []string{"p/a.go: is listed"}},

		{"testdata", checkInit, map[string]string{"p/testdata/a.go": "package p\nfunc init() {}\n", ".hidden/a.go": "package p\nfunc init() {}\n"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { wantFindings(t, c.check(sources(t, c.files)), c.want...) })
	}
}
