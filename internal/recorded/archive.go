package recorded

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrNoSession is the error for a name that no session has.
var ErrNoSession = errors.New("recorded: no such session")

// all reads the sessions of an archive, by name.
func all[S any](archive []byte, parse func([]byte) (S, error)) ([]S, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("recorded: %w", err)
	}
	list := make([]S, 0, len(z.File))
	for _, f := range z.File {
		s, err := read(f, parse)
		if err != nil {
			return nil, fmt.Errorf("recorded: %s: %w", f.Name, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// one reads one session of an archive.
func one[S any](archive []byte, name string, parse func([]byte) (S, error)) (s S, err error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return s, fmt.Errorf("recorded: %w", err)
	}
	for _, f := range z.File {
		if f.Name == name+".jsonl" {
			return read(f, parse)
		}
	}
	return s, ErrNoSession
}

func read[S any](f *zip.File, parse func([]byte) (S, error)) (s S, err error) {
	r, err := f.Open()
	if err != nil {
		return s, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		return s, err
	}
	return parse(data)
}
