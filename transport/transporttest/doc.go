// Package transporttest is the suite that every transport passes. It begins with nettest of golang.org/x/net and goes
// on with what Bellpull relies on beyond that.
//
//	func TestConformance(t *testing.T) {
//		transporttest.TestStream(t, func(t transporttest.TB) transporttest.Setup {
//			return transporttest.Setup{
//				Transport: new(tcp.Transport),
//				Addr:      func() transport.Addr { return transport.Addr{Scheme: "tcp", Rest: "127.0.0.1:0"} },
//			}
//		})
//	}
//
// Which cases apply follows from the traits and interfaces of a connection, so what is claimed is tested: a
// transport that claims to know its peers fails when it gives the wrong process, one that has a TryWrite fails when
// that blocks.
//
// A carrier must hold 10,000 bytes that nobody reads yet; all do.
//
// # How cases are written
//
// A case states one promise. No case waits for a time to pass, and none says how fast something must be; what may
// hang is given patience (20 seconds), and running out of it is a failure. Cases see a [TB] instead of a
// [*testing.T], so that the suite's own tests can run each against fakes that break its promise, and see it fail.
//
// # Concurrency
//
// The suite must not run in parallel with other tests of the same program: it counts goroutines and descriptors.
package transporttest
