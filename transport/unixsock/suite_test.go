//go:build linux || darwin

package unixsock

import (
	"net"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/bellpull/bellpull/transport"
	"github.com/bellpull/bellpull/transport/transporttest"
)

// TestTransport runs the suite that every transport passes, over both schemes.
func TestTransport(t *testing.T) {
	for scheme, rest := range map[string]func(dir, name string) string{
		"local": func(_, name string) string { return name },
		"unix":  func(dir, name string) string { return filepath.Join(dir, name) },
	} {
		t.Run(scheme, func(t *testing.T) {
			transporttest.TestStream(t, func(tb transporttest.TB) transporttest.Setup {
				dir, n := shortDir(tb), 0
				private := filepath.Join(dir, "p")
				return transporttest.Setup{
					// Without SameUserOnly a connection at a path may promise more than its listener can.
					Transport: Transport{Dirs: []string{private}, SameUserOnly: true},
					Addr: func() transport.Addr {
						n++
						return transport.Addr{Scheme: scheme, Rest: rest(dir, strconv.Itoa(n))}
					},
					Stale: func(a transport.Addr) error {
						path := a.Rest
						if scheme == "local" {
							if _, err := (place{dir: private}).usable(); err != nil {
								return err
							}
							path, _, _ = privateFiles("test", a, private)
						}
						l, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: path})
						if err != nil {
							return err
						}
						l.SetUnlinkOnClose(false)
						return l.Close()
					},
				}
			})
		})
	}
}
