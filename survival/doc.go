// Package survival holds the tests of what Bellpull promises for the day when the other process dies, stops, lies or
// floods. It has no code of its own: each promise P1 to P13 of docs/reliability.md is a test TestP01… to TestP13… here.
//
// # How to write one
//
// A test runs over every way that two processes can talk, which is a carrier and one of DMTP's modes:
//
//	func TestP04AnAnswerMeansThatTheHandlerReturned(t *testing.T) {
//		eachWay(t, func(t *testing.T, w way) {
//			s := w.serve(t)          // a service in a process of its own; over mem: in this one
//			peer := w.dial(t, s.addr)
//			…
//			s.kill()                 // kill -9
//			<-s.gone                 // its connections are closed
//			s = s.again(t)           // the same address, the same journal
//		})
//	}
//
// eachWay sees to it that each such test leaves no goroutine and no descriptor behind. What the service can do is in
// service_test.go. Other programs that a test needs are functions in the table of programs_test.go: the test binary
// runs itself as one of them.
//
// No test here runs in parallel with another, because descriptors are counted. A bound in milliseconds is the promise's
// own; where the machine may be busy with other things the best of several tries counts, see best.
package survival
