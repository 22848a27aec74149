// Package otheruser starts programs as another user, for tests of who is let in and who is talked to. Only root can do
// that, and only on Linux and macOS.
package otheruser

// ID is the user and group that the programs run as: nobody, on most systems.
const ID = 65534
