// Package dmtpwire is the codec of TouchSocket DMTP: bytes to values and back, and nothing else.
//
// It has no input or output, starts no goroutine and keeps no state. Everything it parses is a view: a [Str], a
// []byte and a raw metadata block of a parsed package alias the body they came from, so they are valid as long as
// that body is, and parsing the frames of the hot path (header, call, answer, cancel, channel data) allocates
// nothing unless it fails.
//
// A frame is an 8 byte header and a body, see [ParseHeader] and [Split]. The bodies of the kernel flags 0 to 6 and 10
// are JSON ([WaitVerify], [WaitSetID], [WaitPing], [WaitClose]); every other body that is not the user's is a binary
// package, and its layout depends on the [Generation] of the peer:
//
//	var r dmtpwire.Request
//	if err := dmtpwire.ParseRequest(body, &r); err != nil { … }            // 4.2, the hot path
//	if err := dmtpwire.G3.ParseRequest(body, &r); err != nil { … }         // 3.x
//
// What does not fit is a typed error that says where: [FrameError], [JSONError] and [PackageError]. Each wraps one of
// the sentinels of this package, for errors.Is. No input makes the package panic, and no length that came from the
// wire is used before it has been compared with the bytes that are there.
//
// The section numbers in the comments are those of the DMTP specification of this project. Header integers are big
// endian, all others little endian.
package dmtpwire
