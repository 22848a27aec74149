// Package recorded holds what live .NET processes wrote to each other, byte by byte, and replays it against the codecs:
// every frame must be found whether the bytes come at once or one at a time, be understood, and encode to the same bytes
// again. There are processes of TouchSocket DMTP, versions 3.1.19, 4.0.7 and 4.2.8, over TCP, HTTP, WebSocket and UDP:
//
//	sessions, err := recorded.Sessions()
//	for _, s := range sessions {
//		report, err := recorded.Replay(s)
//		…
//	}
//
// and of dotnetCampus.Ipc over pairs of one-way pipes, with [CampusSessions] and [ReplayCampus].
//
// In some sessions one side is written by hand and sends nonsense, to see what a .NET process makes of it; and .NET
// itself left broken frames behind now and then. Each such place is in a table of flaws, with the error that it must
// give. A flaw that is not in its table fails the replay, and so does one that is there and does not show.
//
// The sessions are in dmtp.zip and campus.zip, one file of JSON lines each. The first line describes the session; of the
// others, {"from":"a","hex":"…"} is what side a wrote, {"from":"a","eof":true} says that it ended, {"note":"…"} tells
// what was done to cause what follows, and "conn" counts the connections when there are several. For dotnetCampus.Ipc
// "conn" is "a>b" for the pipe that a dialled, "n" counts the pipes of that direction, "event" is open or eof, and
// {"fill":N,"seed":S} stands for a long body.
package recorded

//go:generate go run pack.go ${DMTP_SESSIONS} dmtp.zip
//go:generate go run pack.go ${CAMPUS_SESSIONS} campus.zip
