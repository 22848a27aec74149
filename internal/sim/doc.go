// Package sim is a network inside one process that fails as a seed says: bytes come late, in pieces, or not at all;
// connections are cut behind a byte, reset, or fall silent in one direction; dials are refused or accepted and hung up;
// processes are killed. Real nodes run on it in a testing/synctest bubble, so that minutes of trouble cost microseconds.
//
//	net := sim.New(seed, script)
//	server, client := net.Host("server"), net.Host("client")
//	node := bellpull.NewNode("", bellpull.WithTransports(server)) // listens at "mem:…"
//	…
//	server.Kill()
//
// A [Host] stands for a process: it is the transport of one node, throws its dice, and is what can be killed. Bytes
// travel over pipes of package mem.
//
// # What a seed decides
//
// A [Script] gives the [Course] of every dial. From there on everything is a function of the seed, the name of the
// host, the number of its dial, the direction, and the offset of a byte in it: never of the order in which goroutines
// come by. Two runs of one script are therefore the same as long as the nodes write the same bytes at the same times,
// and they do when no two things happen to a node at the same instant: the scheduler, which no seed reaches, then has
// nothing to decide. Delays that are drawn to the nanosecond see to that; the tests of this package say how often it
// holds.
package sim
