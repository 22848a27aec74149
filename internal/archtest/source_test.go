package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// modulePath begins the import path of every package of ours.
const modulePath = "github.com/bellpull/bellpull"

// A tree is the source of the module and of those nested in it.
type tree struct {
	fset *token.FileSet
	pkgs []*pkg
	mods map[string]string // text of each go.mod by its directory
	docs map[string]string // text of the documents that rules refer to
}

// A pkg is what lies in one directory, for all operating systems, tests included.
type pkg struct {
	dir   string // "." for the root
	files []*file
}

type file struct {
	name   string // with the directory
	lines  int
	test   bool
	ignore bool // a program of its own, started with `go run`
	syntax *ast.File
}

// load parses every Go file but those in testdata and in directories that the go tool ignores.
func load(fsys fs.FS) (*tree, error) {
	t := &tree{fset: token.NewFileSet(), mods: map[string]string{}, docs: map[string]string{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		hidden := name != "." && (base[0] == '.' || base[0] == '_')
		switch {
		case d.IsDir() && (hidden || base == "testdata"):
			return fs.SkipDir
		case d.IsDir() || hidden:
			return nil
		case base == "go.mod", name == depsPage, name == limitsPage, name == behavioursPage:
			b, err := fs.ReadFile(fsys, name)
			if base == "go.mod" {
				t.mods[path.Dir(name)] = string(b)
			} else {
				t.docs[name] = string(b)
			}
			return err
		case path.Ext(name) == ".go":
			return t.add(fsys, name)
		}
		return nil
	})
	return t, err
}

func (t *tree) add(fsys fs.FS, name string) error {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	syntax, err := parser.ParseFile(t.fset, name, b, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parsing: %w", err)
	}
	dir := path.Dir(name)
	i := slices.IndexFunc(t.pkgs, func(p *pkg) bool { return p.dir == dir })
	if i < 0 {
		i = len(t.pkgs)
		t.pkgs = append(t.pkgs, &pkg{dir: dir})
	}
	t.pkgs[i].files = append(t.pkgs[i].files, &file{
		name: name, lines: bytes.Count(b, []byte("\n")), syntax: syntax,
		test: strings.HasSuffix(name, "_test.go"), ignore: ignored(syntax),
	})
	return nil
}

// ignored says that no build takes the file in: `//go:build ignore`.
func ignored(f *ast.File) bool {
	for _, g := range f.Comments {
		for _, c := range g.List {
			if c.Pos() > f.Package || !constraint.IsGoBuild(c.Text) {
				continue
			}
			if e, err := constraint.Parse(c.Text); err == nil && e.String() == "ignore" {
				return true
			}
		}
	}
	return false
}

// has says whether a package matches a pattern of a rule.
func (t *tree) has(pattern string) bool {
	return slices.ContainsFunc(t.pkgs, func(p *pkg) bool { return match(pattern, p.dir) })
}

// match says whether a directory is the pattern, or lies below it where the pattern ends in "/*".
func match(pattern, dir string) bool {
	if above, ok := strings.CutSuffix(pattern, "/*"); ok {
		return strings.HasPrefix(dir, above+"/")
	}
	return pattern == dir
}

func matchAny(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, dir) })
}

// An imported is an import of a file: of a package of ours, or a path.
type imported struct {
	path string
	ours string // the directory, "" when it is not ours
	std  bool
	line int
}

func (t *tree) imports(f *file) []imported {
	var list []imported
	for _, s := range f.syntax.Imports {
		p, _ := strconv.Unquote(s.Path.Value)
		i := imported{path: p, line: t.fset.Position(s.Pos()).Line}
		first, _, _ := strings.Cut(p, "/")
		switch rest, below := strings.CutPrefix(p, modulePath+"/"); {
		case p == modulePath:
			i.ours = "."
		case below:
			i.ours = rest
		default:
			i.std = !strings.Contains(first, ".")
		}
		list = append(list, i)
	}
	return list
}

// position gives "file:line" of a node.
func (t *tree) position(n ast.Node) string {
	p := t.fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}
