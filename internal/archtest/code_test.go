package archtest

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
)

// checkUnsafe finds imports of unsafe outside the files that say so in their name.
func checkUnsafe(t *tree) (found []string) {
	for _, p := range t.pkgs {
		for _, f := range p.files {
			named := strings.HasSuffix(f.name, "_unsafe.go") || strings.HasSuffix(f.name, "_unsafe_test.go")
			for _, i := range t.imports(f) {
				if i.path == "unsafe" && !named {
					found = append(found, fmt.Sprintf("%s:%d: imports unsafe: only files named *_unsafe.go may, so that they are read with care", f.name, i.line))
				}
			}
		}
	}
	return found
}

// checkInit finds functions that run before main.
func checkInit(t *tree) (found []string) {
	for _, p := range t.pkgs {
		for _, f := range p.files {
			for _, d := range f.syntax.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					found = append(found, t.position(fn)+": func init: nothing registers itself; pass a value, such as a transport.Set")
				}
			}
		}
	}
	return found
}

// checkPrints finds writing to the standard streams by a library.
func checkPrints(t *tree, printers []string) (found []string) {
	for _, p := range t.pkgs {
		if matchAny(printers, p.dir) {
			continue
		}
		for _, f := range p.files {
			if f.test || f.ignore {
				continue
			}
			names := importNames(f, "fmt", "log")
			ast.Inspect(f.syntax, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if ok && prints(call, names) {
					found = append(found, t.position(call)+": prints: a library logs to the node's logger or returns an error")
				}
				return true
			})
		}
	}
	return found
}

// importNames gives the packages of a list by the names they have in a file.
func importNames(f *file, paths ...string) map[string]string {
	names := map[string]string{}
	for _, s := range f.syntax.Imports {
		path := strings.Trim(s.Path.Value, `"`)
		if !slices.Contains(paths, path) {
			continue
		}
		name := path
		if s.Name != nil {
			name = s.Name.Name
		}
		names[name] = path
	}
	return names
}

func prints(call *ast.CallExpr, names map[string]string) bool {
	switch fn := call.Fun.(type) {
	case *ast.Ident:
		return fn.Name == "print" || fn.Name == "println"
	case *ast.SelectorExpr:
		x, ok := fn.X.(*ast.Ident)
		return ok && (names[x.Name] == "log" || names[x.Name] == "fmt" && strings.HasPrefix(fn.Sel.Name, "Print"))
	}
	return false
}

// checkDocs finds packages without a doc comment, with several, or with one that does not say what it is of.
func checkDocs(t *tree) (found []string) {
	for _, p := range t.pkgs {
		var in []string
		library := false
		for _, f := range p.files {
			if f.test || f.ignore {
				continue
			}
			library = true
			if f.syntax.Doc == nil {
				continue
			}
			in = append(in, f.name)
			text, want := f.syntax.Doc.Text(), []string{"Package " + f.syntax.Name.Name}
			if f.syntax.Name.Name == "main" { // the go command's own begin with either
				name := path.Base(p.dir)
				want = []string{"Command " + name, strings.ToUpper(name[:1]) + name[1:]}
			}
			if !slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(text, w+" ") }) {
				found = append(found, fmt.Sprintf("%s: the package doc comment begins %.30q, want one of %q", f.name, text, want))
			}
		}
		if library && len(in) != 1 {
			found = append(found, fmt.Sprintf("%s: package doc comments in %q, want exactly one: readers look in one place", p.dir, in))
		}
	}
	return found
}

// checkLengths finds files that hold two things, or one too many words of one.
func checkLengths(t *tree, longFiles map[string]string) (found []string) {
	seen := map[string]bool{}
	for _, p := range t.pkgs {
		for _, f := range p.files {
			if f.lines <= maxLines {
				continue
			}
			seen[f.name] = true
			if longFiles[f.name] == "" {
				found = append(found, fmt.Sprintf("%s: %d lines: above %d a file is listed with the reason why it is not two", f.name, f.lines, maxLines))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(longFiles)) {
		if !seen[name] {
			found = append(found, name+": is listed as long and is not")
		}
	}
	return found
}
