package archtest

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// limitsPage lists for people what is bounded; a test holds it against the constants of the code.
const limitsPage = "docs/limits.md"

// limited are the packages whose constants are looked at: what a program of a user is made of.
var limited = []string{".", "dmtp", "campus", "httplink", "internal/pump", "internal/bellwire", "internal/dmtpwire", "internal/campuswire",
	"internal/netjson", "transport", "transport/mem",
	"transport/npipe", "transport/tcp", "transport/unixsock", "transport/shm"}

// limitName matches the constants that must be on the page.
var limitName = regexp.MustCompile(`^(max|Max|default|Default)[A-Z]`)

// notLimits are constants of such a name that bound nothing another process or a user could make grow.
var notLimits = map[string]string{
	"bellpull.maxRefused":       "how often a redial takes no for an answer",
	"bellpull.maxTwinTries":     "how often a dial looks for the link that it was told of",
	"dmtp.maxIDs":               "how many ids are tried for a client that wants none",
	"pump.maxFree":              "what is kept to be used again",
	"transport.defaultMaxFrame": "for engines that do not say; dmtp does",
	"transport.maxFlushRounds":  "how long one caller writes for others",
	"transport.maxHost":         "a part of MaxAddr",
	"shm.maxInline":             "a part of a slot",
	"shm.maxPause":              "how seldom a writer that waits for room looks",
	"tcp.maxTry":                "what the system takes in one write",
	"unixsock.maxPath":          "the system's, for addresses of ours",
	"dmtpwire.MaxBody":          "what the header can say; dmtp allows less",
	"dmtpwire.maxStr8":          "what the wire can say",
	"dmtpwire.maxStr16":         "what the wire can say",
	"dmtpwire.maxTicks":         "the last moment of .NET",
	"netjson.MaxMember":         "how much of a name an error shows",
	"campuswire.DefaultMagic":   "the magic itself",
	"campuswire.defaultPrefix":  "a spelling",
	"campuswire.maxVarint":      "what the wire can say",
	"campuswire.MaxBody":        "a part of MaxContent",
}

// constants gives the constants of a package by name, as far as they need no package but time.
func constants(t *tree, p *pkg) map[string]constant.Value {
	var files []*ast.File
	for _, f := range p.files {
		other := slices.ContainsFunc([]string{"_darwin.go", "_windows.go", "_others.go", "_other.go"}, func(s string) bool {
			return strings.HasSuffix(f.name, s)
		})
		if !f.test && !f.ignore && !other {
			files = append(files, f.syntax)
		}
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}}
	conf := types.Config{Importer: onlyTime{}, Error: func(error) {}, IgnoreFuncBodies: true}
	conf.Check(p.dir, t.fset, files, info)
	found := map[string]constant.Value{}
	for _, o := range info.Defs {
		if c, ok := o.(*types.Const); ok && c.Parent() == c.Pkg().Scope() {
			found[path.Base(qualifier(p.dir))+"."+c.Name()] = c.Val()
		}
	}
	return found
}

// qualifier is what stands before the names of a package.
func qualifier(dir string) string {
	if dir == "." {
		return "bellpull"
	}
	return path.Base(dir)
}

// onlyTime imports package time with its units, and nothing else.
type onlyTime struct{}

func (onlyTime) Import(name string) (*types.Package, error) {
	if name != "time" {
		return nil, fmt.Errorf("not looked at: %s", name)
	}
	p := types.NewPackage("time", "time")
	d := types.NewNamed(types.NewTypeName(token.NoPos, p, "Duration", nil), types.Typ[types.Int64], nil)
	p.Scope().Insert(d.Obj())
	for name, v := range map[string]time.Duration{"Nanosecond": time.Nanosecond, "Microsecond": time.Microsecond,
		"Millisecond": time.Millisecond, "Second": time.Second, "Minute": time.Minute, "Hour": time.Hour} {
		p.Scope().Insert(types.NewConst(token.NoPos, p, name, d, constant.MakeInt64(int64(v))))
	}
	p.MarkComplete()
	return p, nil
}

// row is one limit of the page.
type row struct{ line, text, constant string }

// limitRows gives the rows of the page's table: the default in its second cell, the constant in its last.
func limitRows(page string) (rows []row) {
	for i, line := range strings.Split(page, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), "|")
		if !strings.HasPrefix(line, "|") || len(cells) != 5 || i == 0 {
			continue
		}
		name := strings.Trim(strings.TrimSpace(cells[4]), "`")
		if strings.Contains(name, ".") {
			rows = append(rows, row{fmt.Sprintf("%s:%d", limitsPage, i+1), strings.TrimSpace(cells[1]), name})
		}
	}
	return rows
}

// amount reads "16 MiB", "1,024", "254 bytes" or "3 s".
func amount(text string) (int64, bool) {
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(strings.ReplaceAll(number, ",", ""), 10, 64)
	units := map[string]int64{"": 1, "bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
		"ms": int64(time.Millisecond), "s": int64(time.Second)}
	return n * units[unit], err == nil && units[unit] != 0
}

// checkLimits finds defaults that the page tells otherwise, limits that it lacks, and some that there are no more.
func checkLimits(t *tree, limited []string, notLimits map[string]string) (found []string) {
	all := map[string]constant.Value{}
	for _, p := range t.pkgs {
		if slices.Contains(limited, p.dir) {
			for name, v := range constants(t, p) {
				all[name] = v
			}
		}
	}
	told := map[string]bool{}
	for _, r := range limitRows(t.docs[limitsPage]) {
		v, ok := all[r.constant]
		says, reads := amount(r.text)
		is, exact := int64(0), false
		if ok {
			is, exact = constant.Int64Val(constant.ToInt(v))
		}
		switch {
		case told[r.constant]:
			found = append(found, fmt.Sprintf("%s: %s is there twice", r.line, r.constant))
		case !exact:
			found = append(found, fmt.Sprintf("%s: there is no constant %s", r.line, r.constant))
		case !reads || says != is:
			found = append(found, fmt.Sprintf("%s: %s is %d, the page says %q", r.line, r.constant, is, r.text))
		}
		told[r.constant] = true
	}
	for name := range all {
		base := name[strings.LastIndexByte(name, '.')+1:]
		if limitName.MatchString(base) && !told[name] && notLimits[name] == "" {
			found = append(found, fmt.Sprintf("%s: %s is not there: say what it bounds, or in notLimits that it bounds nothing", limitsPage, name))
		}
	}
	for name := range notLimits {
		if all[name] == nil || told[name] {
			found = append(found, fmt.Sprintf("notLimits: %s is no constant, or a limit after all", name))
		}
	}
	slices.Sort(found)
	return found
}
