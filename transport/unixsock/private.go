//go:build linux || darwin

package unixsock

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/bellpull/bellpull/transport"
)

// A place may hold private endpoints.
type place struct {
	dir    string
	parent string // if set: must exist and be the user's, or the place does not count
}

// places gives the directories to look at for private endpoints, best first.
func (t Transport) places() []place {
	if len(t.Dirs) == 0 {
		return systemDirs(os.Geteuid())
	}
	ps := make([]place, len(t.Dirs))
	for i, d := range t.Dirs {
		ps[i] = place{dir: d}
	}
	return ps
}

// privateFiles gives the paths of the socket and of the lock file for a in dir. Both sides compute the same. Literal
// names end in .sock and hashed ones in .hsock, so no name can be taken for the hash of another.
func privateFiles(op string, a transport.Addr, dir string) (sock, lock string, err error) {
	stem := filepath.Clean(dir) + "/" + a.Rest // not Join, which would take the names . and .. for more
	if sock = stem + ".sock"; len(sock) <= maxPath {
		return sock, stem + ".lock", nil
	}
	sum := sha256.Sum256([]byte(a.Rest))
	stem = filepath.Join(dir, hex.EncodeToString(sum[:16]))
	if sock = stem + ".hsock"; len(sock) > maxPath {
		return "", "", tooLong(op, a, sock)
	}
	return sock, stem + ".hlock", nil
}

// checkName refuses what cannot be the name of a private endpoint. ParseAddr does too, but an Addr can be made
// without it.
func checkName(op string, a transport.Addr) error {
	if a.Rest == "" || len(a.Rest) > transport.MaxAddr || strings.ContainsAny(a.Rest, "/\x00") || !utf8.ValidString(a.Rest) {
		return fail(op, a, transport.ErrAddress, nil, "a private name is UTF-8 without slash and NUL, such as local:editor")
	}
	return nil
}

// checkPath refuses what cannot be the path of a socket.
func checkPath(op string, a transport.Addr) error {
	switch {
	case len(a.Rest) > 1 && a.Rest[0] == '@':
		if !haveAbstract {
			return fail(op, a, nil, errors.ErrUnsupported, "abstract names are of Linux; here use unix:/path or local:name")
		}
		if strings.ContainsRune(a.Rest, 0) {
			return fail(op, a, transport.ErrAddress, nil, "an abstract name holds no NUL")
		}
		if len(a.Rest) > maxPath+1 { // needs no NUL behind it
			return tooLong(op, a, a.Rest)
		}
	case len(a.Rest) < 2 || a.Rest[0] != '/' || a.Rest[len(a.Rest)-1] == '/' || strings.ContainsRune(a.Rest, 0):
		return fail(op, a, transport.ErrAddress, nil, "the path of a socket is absolute and does not end in a slash")
	case len(a.Rest) > maxPath:
		return tooLong(op, a, a.Rest)
	}
	return nil
}

func tooLong(op string, a transport.Addr, path string) error {
	limit := maxPath
	if path[0] == '@' {
		limit++
	}
	return fail(op, a, transport.ErrAddress,
		&transport.LimitError{What: "socket path (bytes)", Size: int64(len(path)), Limit: int64(limit)},
		"use a shorter path, or a private endpoint (local:NAME), whose long names are hashed")
}

func badScheme(op string, a transport.Addr) error {
	return fail(op, a, transport.ErrAddress, nil, "package unixsock serves local: and unix:")
}

// checkDir says whether dir is a directory that is only ours. An absent one is fs.ErrNotExist; other errors say what
// is wrong in words.
func checkDir(dir string) error {
	fi, err := os.Lstat(dir) // a symbolic link could lead anywhere later
	if err != nil {
		return err
	}
	me := os.Geteuid()
	switch {
	case !fi.IsDir():
		return fmt.Errorf("%s is a %s, not a directory", show(dir), fileType(fi))
	case ownerOf(fi) != me:
		return fmt.Errorf("directory %s belongs to user %d, not to %d", show(dir), ownerOf(fi), me)
	case fi.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("directory %s has mode %04o, open to others", show(dir), fi.Mode().Perm())
	}
	return nil
}

func dirAdvice(dir string) string {
	return fmt.Sprintf("private endpoints need a directory of your own with mode 0700: see ls -ld %s, then remove it or chmod 700 it", show(dir))
}

// usable makes the directory of p if it can, and says whether the server may use it. The answer skip means: try the
// next place.
func (p place) usable() (skip bool, err error) {
	if p.parent != "" {
		fi, err := os.Lstat(p.parent)
		if err != nil {
			return true, err
		}
		if !fi.IsDir() || ownerOf(fi) != os.Geteuid() {
			return true, fmt.Errorf("%s is not a directory of this user", show(p.parent))
		}
	}
	err = checkDir(p.dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.Mkdir(p.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return true, err
		}
		err = checkDir(p.dir)
	}
	return false, err
}

func ownerOf(fi fs.FileInfo) int {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// fileType names the type of a file in a word.
func fileType(fi fs.FileInfo) string {
	switch fi.Mode().Type() {
	case 0:
		return "regular file"
	case fs.ModeDir:
		return "directory"
	case fs.ModeSymlink:
		return "symbolic link"
	case fs.ModeSocket:
		return "socket"
	case fs.ModeNamedPipe:
		return "FIFO"
	}
	return "device"
}
