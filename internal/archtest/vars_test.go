package archtest

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"
)

// checkVars finds functions that change a variable of their package: by assignment, by ++, or with delete. Such a
// variable is a registry or a switch that two users of one process share without knowing.
func checkVars(t *tree, mutable map[string]string) (found []string) {
	seen := map[string]bool{}
	for _, p := range t.pkgs {
		var files []*ast.File
		for _, f := range p.files {
			if !f.test && !f.ignore {
				files = append(files, f.syntax)
			}
		}
		for at, v := range changed(t.fset, p.dir, files) {
			name := path.Join(p.dir, v)
			seen[name] = true
			if mutable[name] == "" {
				found = append(found, t.position(at)+": changes the package variable "+v+": pass a value instead")
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(mutable)) {
		if !seen[name] {
			found = append(found, name+": is listed as a changing variable and is none")
		}
	}
	slices.Sort(found)
	return found
}

// changed gives the places that change a variable of the package, with its name. Files of all systems are checked
// together and imports are not resolved: the many errors of that do not matter, names of the package resolve anyway.
func changed(fset *token.FileSet, dir string, files []*ast.File) map[ast.Node]string {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{Error: func(error) {}, Importer: noImports{}}
	conf.Check(dir, fset, files, info)
	places := map[ast.Node]string{}
	target := func(at ast.Node, e ast.Expr) {
		id := variable(e)
		if id == nil {
			return
		}
		if v, ok := info.Uses[id].(*types.Var); ok && !v.IsField() && v.Parent() == v.Pkg().Scope() {
			places[at] = v.Name()
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if n.Tok != token.DEFINE {
					for _, e := range n.Lhs {
						target(n, e)
					}
				}
			case *ast.IncDecStmt:
				target(n, n.X)
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "delete" || f.Name == "clear") && len(n.Args) > 0 {
					target(n, n.Args[0])
				}
			}
			return true
		})
	}
	return places
}

// variable gives the name at the root of what is assigned to: x of x, x[k], x.f, *x.
func variable(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not resolved") }
