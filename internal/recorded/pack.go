//go:build ignore

// Pack writes the recorded sessions (*.jsonl) of a directory into one archive:
//
//	go run pack.go DIRECTORY ARCHIVE
//
// The archive depends on the names and contents of the files only: the same directory gives the same bytes.
package main

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 3 {
		fail("usage: pack DIRECTORY ARCHIVE")
	}
	names, err := filepath.Glob(filepath.Join(os.Args[1], "*.jsonl")) // sorted
	check(err)
	if len(names) == 0 {
		fail("no *.jsonl in " + os.Args[1])
	}
	out, err := os.Create(os.Args[2])
	check(err)
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, name := range names {
		data, err := os.ReadFile(name)
		check(err)
		w, err := z.Create(filepath.Base(name)) // without a time
		check(err)
		_, err = w.Write(data)
		check(err)
	}
	check(z.Close())
	check(out.Close())
}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, "pack:", text)
	os.Exit(1)
}
