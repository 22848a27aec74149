package apitest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wantOutput has one line for each step of the program.
const wantOutput = `call: ok
errors: ok
bytes: ok
notify: ok
channel: ok
nodes: ok
tokens: ok
peer handlers: ok
frames: ok
interceptors: ok
deadline: ok
allocations: ok
`

// TestProgramInAnotherModule builds the program of testdata with a replace onto this repository and runs it.
func TestProgramInAnotherModule(t *testing.T) {
	dir := module(t, "testdata/program")
	if out, err := goTool(t, dir, "vet", "."); err != nil {
		t.Fatalf("vet: %v\n%s", err, out)
	}
	if out, err := goTool(t, dir, "build", "-o", "program", "."); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), filepath.Join(dir, "program"))
	out, err := run.CombinedOutput()
	if err != nil || string(out) != wantOutput {
		t.Errorf("the program ended with %v and wrote\n%s\nwant\n%s", err, out, wantOutput)
	}
}

// TestProgramIsBuiltAgainstThisRepository: a program that uses what is not there does not build. Without this the test
// above could be building against something else.
func TestProgramIsBuiltAgainstThisRepository(t *testing.T) {
	dir := module(t, "testdata/program")
	text := "package main\n\nimport \"github.com/bellpull/bellpull\"\n\nvar _ = bellpull.NotThere\n"
	if err := os.WriteFile(filepath.Join(dir, "wrong.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := goTool(t, dir, "build", "-o", "program", ".")
	if err == nil || !strings.Contains(string(out), "undefined: bellpull.NotThere") {
		t.Errorf("build ended with %v and wrote\n%s\nwant an undefined name", err, out)
	}
}

// TestProgramNeedsLittle: what a user of the root package and dmtp downloads is x/sys alone.
func TestProgramNeedsLittle(t *testing.T) {
	dir := module(t, "testdata/program")
	out, err := goTool(t, dir, "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
	if err != nil {
		t.Fatalf("list: %v\n%s", err, out)
	}
	seen := map[string]bool{}
	for m := range strings.FieldsSeq(string(out)) {
		seen[m] = true
	}
	for _, m := range []string{"example.com/program", "github.com/bellpull/bellpull", "golang.org/x/sys"} {
		if !seen[m] {
			t.Errorf("the program has no package of %s; it has %v", m, seen)
		}
		delete(seen, m)
	}
	for m := range seen {
		t.Errorf("the program needs %s", m)
	}
}

// module makes a module of the files in a directory that requires this repository's.
func module(t *testing.T, files string) (dir string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(files)); err != nil {
		t.Fatal(err)
	}
	ours := read(t, filepath.Join(root, "go.mod"))
	version := regexp.MustCompile(`(?m)^go .*$`).Find(ours)
	text := fmt.Sprintf("module example.com/program\n\n%s\n\nrequire github.com/bellpull/bellpull v0.0.0\n\nreplace github.com/bellpull/bellpull => %q\n", version, root)
	for name, b := range map[string][]byte{"go.mod": []byte(text), "go.sum": read(t, filepath.Join(root, "go.sum"))} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goTool runs the go command in a module, away from this one's workspace and from the network.
func goTool(t *testing.T, dir string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local", "GOSUMDB=off")
	out, err := cmd.CombinedOutput()
	return bytes.TrimSpace(out), err
}
