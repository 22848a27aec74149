package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// page is the document that has the tables.
const page = "performance.md"

// Blocks of the page: what stands between <!-- bench:NAME --> and <!-- /bench --> is written by document, and the rest by
// people.
const (
	blockRun      = "run"
	blockTargets  = "targets"
	blockPictures = "pictures"
	blockTables   = "tables"
)

// document writes the tables into the page and draws the pictures beside it.
func (r *result) document(dir string) error {
	path := filepath.Join(dir, page)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	pictures, err := r.draw(dir)
	if err != nil {
		return err
	}
	for _, b := range []struct{ name, body string }{
		{blockRun, r.told()}, {blockTargets, markdown(r.judged())}, {blockPictures, pictures}, {blockTables, markdown(append(r.tables(), r.seriesTables()...)...)},
	} {
		if text, err = fill(text, b.name, b.body); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return os.WriteFile(path, text, 0o644)
}

// fill puts a body into a block of a page.
func fill(text []byte, name, body string) ([]byte, error) {
	begin, end := "<!-- bench:"+name+" -->\n", "<!-- /bench -->"
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, too := bytes.Cut(rest, []byte(end))
	if !ok || !too {
		return nil, fmt.Errorf("there is no block %s…%s", strings.TrimSpace(begin), end)
	}
	if bytes.Contains(after, []byte(begin)) {
		return nil, errors.New("there are two blocks " + strings.TrimSpace(begin))
	}
	return fmt.Appendf(nil, "%s%s%s\n%s%s", before, begin, strings.TrimRight("\n"+body, "\n")+"\n", end, after), nil
}

func markdown(tables ...table) string {
	var b strings.Builder
	for i, t := range tables {
		if len(tables) == 1 {
			tables[i].title = ""
			t.title = "" // the page has a heading for it
		}
		if len(t.rows) > 0 {
			t.markdown(&b)
		}
	}
	return b.String()
}

// told says where it was measured, and what the peers are.
func (r *result) told() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s: %v, connections idle for %s.\n\n| peer | |\n|---|---|\n", r.run.Date, r.run, r.run.Idle)
	for _, p := range r.run.Peers {
		fmt.Fprintf(&b, "| %s | %s |\n", p.Name, p.About)
	}
	return b.String()
}

// draw writes the pictures and gives the lines that show them.
func (r *result) draw(dir string) (string, error) {
	var b strings.Builder
	put := func(file, title string, svg []byte, ok bool) error {
		if !ok {
			return nil
		}
		fmt.Fprintf(&b, "![%s](%s)\n\n", title, file)
		return os.WriteFile(filepath.Join(dir, file), svg, 0o644)
	}
	const title = "Median time of a call of 64 B, one in flight (logarithmic)"
	svg, ok := r.bars("call-64", title)
	if err := put("performance-calls.svg", title, svg, ok); err != nil {
		return "", err
	}
	for _, s := range allSeries() {
		svg, ok := r.picture(s)
		if err := put(s.file, s.title, svg, ok); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}
