package archtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ruleOf gives the rule of a directory, the most exact one.
func ruleOf(rules []rule, dir string) *rule {
	var best *rule
	for i := range rules {
		if r := &rules[i]; match(r.dir, dir) && (best == nil || len(r.dir) > len(best.dir)) {
			best = r
		}
	}
	return best
}

func depOf(deps []dep, path string) *dep {
	for i := range deps {
		if d := &deps[i]; path == d.path || strings.HasPrefix(path, d.path+"/") {
			return d
		}
	}
	return nil
}

// checkImports finds imports that no rule allows, and packages that have no rule.
func checkImports(t *tree, rules []rule, deps []dep) (found []string) {
	for _, p := range t.pkgs {
		r := ruleOf(rules, p.dir)
		if r == nil {
			found = append(found, p.dir+": the package is in no rule: add one that says what it may import, and why")
			continue
		}
		for _, f := range p.files {
			for _, i := range t.imports(f) {
				if why := refused(deps, r, p.dir, f, i); why != "" {
					found = append(found, fmt.Sprintf("%s:%d: must not import %s: %s", f.name, i.line, i.path, why))
				}
			}
		}
	}
	return found
}

// refused gives the reason against an import, or "".
func refused(deps []dep, r *rule, dir string, f *file, i imported) string {
	switch {
	case i.path == "C":
		return "everything builds with CGO_ENABLED=0"
	case i.std:
		return ""
	case i.ours != "":
		if matchAny(r.may, i.ours) || f.test && (i.ours == dir || matchAny(r.tests, i.ours)) {
			return ""
		}
		return r.why
	}
	d := depOf(deps, i.path)
	switch {
	case d == nil:
		return "the dependency is not in " + depsPage + " and not in the table of this test"
	case matchAny(d.in, dir), f.test && d.tests:
		return ""
	}
	return d.why
}

// checkRules finds rules that name what is not there and rules that let imports point up.
func checkRules(t *tree, rules []rule, deps []dep) (found []string) {
	exists := func(rule, pattern string) {
		if !t.has(pattern) {
			found = append(found, fmt.Sprintf("rule %s: there is no package %s any more", rule, pattern))
		}
	}
	for _, r := range rules {
		exists(r.dir, r.dir)
		if r.why == "" {
			found = append(found, "rule "+r.dir+": has no reason")
		}
		for _, m := range slices.Concat(r.may, r.tests) {
			exists(r.dir, m)
		}
		for _, low := range rules {
			down := low.layer < r.layer || low.layer == r.layer && r.layer == carrier
			if matchAny(r.may, low.dir) && !down {
				found = append(found, fmt.Sprintf("rule %s: may import %s, which is not below it", r.dir, low.dir))
			}
			if r.layer == engine && low.layer == engine && low.dir != r.dir && matchAny(r.tests, low.dir) {
				found = append(found, fmt.Sprintf("rule %s: tests of an engine must not need the engine %s", r.dir, low.dir))
			}
		}
	}
	for _, d := range deps {
		if d.why == "" {
			found = append(found, "dependency "+d.path+": has no reason")
		}
		for _, p := range d.in {
			exists(d.path, p)
		}
	}
	return found
}

// checkModules holds the go.mod files, the table and the page of dependencies against each other.
func checkModules(t *tree, deps []dep) (found []string) {
	required := map[string]bool{}
	for _, dir := range slices.Sorted(maps.Keys(t.mods)) {
		for _, m := range directly(t.mods[dir]) {
			required[m] = true
			known := within(m, modulePath) || slices.ContainsFunc(deps, func(d dep) bool { return within(d.path, m) })
			if !known {
				found = append(found, fmt.Sprintf("%s/go.mod: requires %s, which is not in the table of dependencies", dir, m))
			}
		}
	}
	for _, d := range deps {
		used := false
		for m := range required {
			used = used || within(d.path, m)
		}
		switch {
		case !used && !d.planned:
			found = append(found, "dependency "+d.path+": no go.mod requires it directly any more")
		case used && d.planned:
			found = append(found, "dependency "+d.path+": is no longer planned, it is there")
		}
		if !strings.Contains(t.docs[depsPage], "`"+d.path+"`") {
			found = append(found, "dependency "+d.path+": "+depsPage+" does not mention it")
		}
	}
	return found
}

// within says that a path is a module's or lies in it.
func within(path, module string) bool { return path == module || strings.HasPrefix(path, module+"/") }

// directly gives the modules that a go.mod requires itself.
func directly(mod string) (list []string) {
	block := false
	for line := range strings.Lines(mod) {
		line, comment, _ := strings.Cut(line, "//")
		words := strings.Fields(line)
		if len(words) > 0 && words[0] == "require" {
			words = words[1:]
			if len(words) == 1 && words[0] == "(" {
				block = true
				continue
			}
		} else if !block {
			continue
		}
		if len(words) == 1 && words[0] == ")" {
			block = false
		}
		if len(words) == 2 && strings.TrimSpace(comment) != "indirect" {
			list = append(list, words[0])
		}
	}
	return list
}
