package main

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/measure"
)

// TestDocsAreComplete: docs/cli.md names every command, flag, key of -o json, code and exit code.
func TestDocsAreComplete(t *testing.T) {
	b, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	want := func(what, text string) {
		t.Helper()
		if !strings.Contains(doc, text) {
			t.Errorf("%s: docs/cli.md has no %s", what, text)
		}
	}
	a := &app{output: "text"}
	root := a.root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden {
			return
		}
		if c != root && c.Parent() == root {
			want(c.Name(), "`bell "+c.Name())
		}
		c.InitDefaultHelpFlag()
		c.Flags().VisitAll(func(f *pflag.Flag) { want(c.CommandPath(), "`--"+f.Name+"`") })
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	for _, v := range []any{problem{}, callRecord{}, notifyRecord{}, timesRecord{}, pingRecord{}, sendRecord{}, versionRecord{},
		endpointEvent{}, peerEvent{}, requestEvent{}, frameEvent{}, checkRecord{}, callsRecord{}, callRow{}, replayRecord{},
		killRecord{}, chaosRecord{}, chaosSecond{}, chaosVerdict{}, frameRecord{}, frameField{}, pasteRecord{}, benchRecord{}, compareRecord{}, measure.Spread{}, measure.Point{}} {
		ty := reflect.TypeOf(v)
		for i := range ty.NumField() {
			if key, _, _ := strings.Cut(ty.Field(i).Tag.Get("json"), ","); key != "" {
				want(ty.Name(), "`"+key+"`")
			}
		}
	}
	for c := bellpull.CodeUnknown; !strings.HasPrefix(c.String(), "code_"); c++ {
		row := ""
		for line := range strings.Lines(doc) {
			if strings.HasPrefix(line, fmt.Sprintf("| %d |", exitOf(c))) {
				row = line
			}
		}
		if !strings.Contains(row, "`"+c.String()+"`") {
			t.Errorf("the row of exit code %d does not have %s: %s", exitOf(c), c, row)
		}
	}
	for _, p := range (&demo{app: a}).parts() {
		want("demo", "`"+p.name+"`")
	}
	for _, verdict := range []string{verdictBetter, verdictWorse, verdictSame, verdictOnlyOld, verdictOnlyNew} {
		want("bench", "`"+verdict+"`")
	}
	for _, name := range slices.Concat(selfTransports(), benchProtocolNames()) {
		want("bench", "`"+name+"`")
	}
	for _, name := range slices.Concat(transportNames(), protocolNames(), faultNames()) {
		want("chaos", "`"+name+"`")
	}
}
