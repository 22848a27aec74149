package archtest

import (
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// sources makes a tree of files that do not exist.
func sources(t *testing.T, files map[string]string) *tree {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	src, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// wantFindings compares findings with the beginning that each must have, in order.
func wantFindings(t *testing.T, got []string, want ...string) {
	t.Helper()
	same := slices.EqualFunc(got, want, func(g, w string) bool { return strings.HasPrefix(g, w) })
	if !same {
		t.Errorf("found\n\t%s\nwant findings that begin\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

const (
	ours = modulePath + "/"
	mark = `:2: must not import `
)

// TestWrongImportsAreFound: a file with the import is found, or not, under the rules of the repository.
func TestWrongImportsAreFound(t *testing.T) {
	for _, c := range []struct {
		file, path string
		wrong      bool
	}{
		{"internal/dmtpwire/a.go", ours + "transport", true},
		{"internal/dmtpwire/a.go", ours + "internal/bellwire", true},
		{"internal/dmtpwire/a.go", "golang.org/x/sys/unix", true},
		{"internal/dmtpwire/a.go", "encoding/binary", false},
		{"internal/dmtpwire/a_test.go", ours + "internal/dmtpwire", false},
		{"internal/bellwire/a.go", modulePath, true},
		{"transport/a.go", modulePath, true},
		{"transport/a.go", ours + "transport/mem", true},
		{"transport/a.go", "golang.org/x/sys/unix", true},
		{"transport/a_test.go", ours + "transport/mem", false},
		{"transport/tcp/a.go", modulePath, true},
		{"transport/tcp/a.go", ours + "transport/unixsock", true},
		{"transport/tcp/a_windows.go", "golang.org/x/sys/windows", false},
		{"transport/tcp/a_test.go", ours + "dmtp", true},
		{"transport/unixsock/a.go", ours + "transport/npipe", true},
		{"transport/npipe/a.go", ours + "transport/unixsock", false},
		{"transport/npipe/a_windows.go", ours + "transport/tcp", true},
		{"transport/shm/a.go", ours + "transport/unixsock", false},
		{"transport/shm/a.go", ours + "internal/pump", true},
		{"a.go", ours + "transport/unixsock", true},
		{"a.go", ours + "dmtp", true},
		{"a.go", "golang.org/x/sys/unix", true},
		{"a.go", ours + "transport", false},
		{"a_test.go", ours + "dmtp", false},
		{"internal/pump/a.go", ours + "transport/unixsock", true},
		{"internal/pump/a.go", ours + "internal/dmtpwire", true},
		{"internal/pump/a_linux.go", "golang.org/x/sys/unix", false},
		{"dmtp/a.go", ours + "campus", true},
		{"dmtp/a_test.go", ours + "campus", true},
		{"dmtp/a.go", ours + "cmd/bell", true},
		{"dmtp/a.go", "golang.org/x/sys/unix", true},
		{"dmtp/a.go", ours + "internal/pump", false},
		{"dmtp/a.go", "github.com/spf13/cobra", true},
		{"cmd/bell/a.go", "github.com/spf13/cobra", false},
		{"cmd/bell/a.go", "github.com/rogpeppe/go-internal/testscript", true},
		{"cmd/bell/a_test.go", "github.com/rogpeppe/go-internal/testscript", false},
		{"cmd/bell/a.go", ours + "interop/dmtppeer", true},
		{"examples/http/a.go", ours + "internal/pump", true},
		{"examples/http/a.go", "google.golang.org/grpc", true},
		{"examples/grpc/a.go", "google.golang.org/grpc/peer", false},
		{"dmtp/a.go", "go.uber.org/goleak", true},
		{"dmtp/a_test.go", "go.uber.org/goleak", false},
		{"transport/transporttest/a.go", "golang.org/x/net/nettest", false},
		{"transport/tcp/a.go", "golang.org/x/net/nettest", true},
		{"transport/tcp/a_test.go", "golang.org/x/net/http2", true},
		{"interop/dmtppeer/a.go", ours + "internal/dmtpwire", true},
		{"transport/tcp/a.go", "C", true},
		{"transport/tcp/a_test.go", "example.com/something", true},
		{"internal/archtest/a_test.go", modulePath, true},
		{"internal/apitest/a_test.go", ours + "dmtp", true},
	} {
		src := sources(t, map[string]string{c.file: "package a\nimport _ \"" + c.path + "\"\n"})
		var want []string
		if c.wrong {
			want = []string{c.file + mark + c.path + ": "}
		}
		wantFindings(t, checkImports(src, rules, deps), want...)
	}
}

// TestEveryRuleRefusesSomething: no rule of the repository is so wide that it allows everything.
func TestEveryRuleRefusesSomething(t *testing.T) {
	for _, r := range rules {
		name := path.Join(strings.Replace(r.dir, "*", "some", 1), "a_test.go")
		src := sources(t, map[string]string{
			name: "package a\nimport _ \"" + ours + "cmd/bell\"\nimport _ \"example.com/other\"\nimport _ \"C\"\n"})
		if got := checkImports(src, rules, deps); len(got) != 3 {
			t.Errorf("rule %s: found %q, want three imports refused", r.dir, got)
		}
	}
}

// TestEveryDependencyIsRefusedSomewhere: the packages that may import a dependency are fewer than all.
func TestEveryDependencyIsRefusedSomewhere(t *testing.T) {
	for _, d := range deps {
		src := sources(t, map[string]string{"internal/dmtpwire/a.go": "package a\nimport _ \"" + d.path + "\"\n"})
		wantFindings(t, checkImports(src, rules, deps), "internal/dmtpwire/a.go"+mark+d.path+": "+d.why)
	}
}

func TestPackagesWithoutARuleAreFound(t *testing.T) {
	src := sources(t, map[string]string{"internal/util/a_plan9.go": "package util\n", "transport/a.go": "package transport\n"})
	wantFindings(t, checkImports(src, rules, deps), "internal/util: the package is in no rule")
}

// TestWrongRulesAreFound: rules cannot allow what the layers forbid, and cannot outlive what they speak of.
func TestWrongRulesAreFound(t *testing.T) {
	src := sources(t, map[string]string{"low/a.go": "package low\n", "high/a.go": "package high\n", "high/b/b.go": "package b\n"})
	for _, c := range []struct {
		name  string
		rules []rule
		deps  []dep
		want  []string
	}{
		{"right", []rule{{dir: "low", why: "x"}, {dir: "high", layer: node, may: []string{"low"}, why: "x"}}, nil, nil},
		{"upwards", []rule{{dir: "low", may: []string{"high"}, why: "x"}, {dir: "high", layer: node, why: "x"}}, nil,
			[]string{"rule low: may import high, which is not below it"}},
		{"sideways", []rule{{dir: "low", layer: engine, may: []string{"high"}, why: "x"}, {dir: "high", layer: engine, why: "x"}}, nil,
			[]string{"rule low: may import high, which is not below it"}},
		{"sideways in tests", []rule{{dir: "low", layer: engine, tests: []string{"high"}, why: "x"}, {dir: "high", layer: engine, why: "x"}}, nil,
			[]string{"rule low: tests of an engine must not need the engine high"}},
		{"carriers", []rule{{dir: "low", layer: carrier, may: []string{"high"}, why: "x"}, {dir: "high", layer: carrier, why: "x"}}, nil, nil},
		{"the package is gone", []rule{{dir: "gone", why: "x"}}, nil, []string{"rule gone: there is no package gone"}},
		{"all packages are gone", []rule{{dir: "low/*", why: "x"}}, nil, []string{"rule low/*: there is no package low/*"}},
		{"what it allows is gone", []rule{{dir: "low", may: []string{"gone"}, tests: []string{"away"}, why: "x"}}, nil,
			[]string{"rule low: there is no package gone", "rule low: there is no package away"}},
		{"who may is gone", nil, []dep{{path: "example.com/m", in: []string{"gone"}, why: "x"}},
			[]string{"rule example.com/m: there is no package gone"}},
		{"no reasons", []rule{{dir: "low"}}, []dep{{path: "example.com/m"}},
			[]string{"rule low: has no reason", "dependency example.com/m: has no reason"}},
	} {
		t.Run(c.name, func(t *testing.T) { wantFindings(t, checkRules(src, c.rules, c.deps), c.want...) })
	}
}

// TestWrongDependenciesAreFound: go.mod, table and page say the same.
func TestWrongDependenciesAreFound(t *testing.T) {
	page := "`example.com/m/part` and `example.com/tool`\n"
	table := []dep{{path: "example.com/m/part"}, {path: "example.com/tool"}}
	mod := "module x\nrequire example.com/m v1.0.0\nrequire (\n\texample.com/tool v1.0.0\n\texample.com/deep v1.0.0 // indirect\n)\n"
	for _, c := range []struct {
		name, mod, page string
		deps            []dep
		want            []string
	}{
		{"right", mod, page, table, nil},
		{"not in the table", mod, page, table[:1], []string{"./go.mod: requires example.com/tool"}},
		{"not in go.mod", "module x\nrequire example.com/tool v1.0.0\n", page, table,
			[]string{"dependency example.com/m/part: no go.mod"}},
		{"indirect only", strings.Replace(mod, "tool v1.0.0", "tool v1.0.0 // indirect", 1), page, table,
			[]string{"dependency example.com/tool: no go.mod"}},
		{"not on the page", mod, "`example.com/tool`", table, []string{"dependency example.com/m/part: " + depsPage}},
		{"no longer planned", mod, page, []dep{table[0], {path: "example.com/tool", planned: true}},
			[]string{"dependency example.com/tool: is no longer planned"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := sources(t, map[string]string{"go.mod": c.mod, depsPage: c.page})
			wantFindings(t, checkModules(src, c.deps), c.want...)
		})
	}
}
