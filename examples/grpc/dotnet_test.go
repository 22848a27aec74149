//go:build linux

package main

import (
	"slices"
	"testing"
)

// flags gives the ways .NET has to name the endpoint.
func (e endpoint) flags() map[string][]string {
	switch {
	case e.addr.Scheme == "npipe":
		return map[string][]string{"pipe": {"--pipe", e.addr.Rest}, "path": {"--uds", e.path}}
	case e.path[0] == '@':
		return nil // .NET writes abstract names with a NUL byte, which no command line can hold
	}
	return map[string][]string{"path": {"--uds", e.path}}
}

// TestDotnetClient has a GrpcChannel of .NET run its interoperability tests against grpc-go on our listeners.
func TestDotnetClient(t *testing.T) {
	for kind, e := range endpoints(t) {
		for way, flags := range e.flags() {
			t.Run(kind+"/"+way, func(t *testing.T) {
				serveOurs(t, e)
				net := startDotnet(t, append([]string{"dial"}, flags...)...)
				var results []struct {
					Case, Detail string
					Pass         bool
				}
				net.do(&results, "all", nil)
				var names, want []string
				for _, r := range results {
					names = append(names, r.Case)
					t.Run(r.Case, func(t *testing.T) {
						if !r.Pass {
							t.Error(r.Detail)
						}
					})
				}
				for _, c := range interopCases() {
					want = append(want, c.name)
				}
				slices.Sort(names)
				slices.Sort(want)
				if !slices.Equal(names, want) {
					t.Errorf("cases %v, want %v", names, want)
				}
				var soak struct {
					Count  int
					Failed map[string]int
				}
				net.do(&soak, "soak", map[string]any{"count": 200, "size": 50_000, "parallel": 8})
				if soak.Count != 200 || len(soak.Failed) > 0 {
					t.Errorf("200 calls, 8 at a time: %+v", soak)
				}
				net.end()
			})
		}
	}
}

// TestDotnetServer runs grpc-go's interoperability tests through our dialers against Kestrel.
func TestDotnetServer(t *testing.T) {
	for kind, e := range endpoints(t) {
		for way, flags := range e.flags() {
			t.Run(kind+"/"+way, func(t *testing.T) {
				net := startDotnet(t, append([]string{"serve", "--quiet"}, flags...)...)
				wantCases(t, "ours", e.addr.String())
				var stats struct{ Calls int }
				net.do(&stats, "stats", nil)
				if stats.Calls < 10 { // cancelled calls need not get there
					t.Errorf("%d calls have come to .NET, want those of %d cases", stats.Calls, len(interopCases()))
				}
				net.end()
			})
		}
	}
}

// TestDotnetFindsServerAgain: a GrpcChannel that loses a server on our listener goes on with the next one.
func TestDotnetFindsServerAgain(t *testing.T) {
	for kind, e := range endpoints(t) {
		for way, flags := range e.flags() {
			t.Run(kind+"/"+way, func(t *testing.T) {
				stop := serveOurs(t, e)
				net := startDotnet(t, append([]string{"dial"}, flags...)...)
				for round := range 3 {
					if round > 0 {
						stop()
						stop = serveOurs(t, e)
					}
					var r struct {
						Case, Detail string
						Pass         bool
					}
					net.do(&r, "case", map[string]any{"name": "large_unary"})
					if !r.Pass {
						t.Errorf("round %d: %+v", round, r)
					}
				}
				net.end()
			})
		}
	}
}
