// Package campuswire is the codec of dotnetCampus.Ipc: bytes to values and back, and nothing else.
//
// It has no input or output, starts no goroutine and keeps no state. What it parses is a view: bytes and texts of
// parsed values alias what they came from and are valid as long as that is; where a copy is made, it says so. Parsing
// and appending a frame, an envelope, a business header or a route allocates nothing unless it fails.
//
// From the outside in, a message is
//
//	frame         Framing, Frame        magic, version, ack number, command type, length
//	registration  ParseRegister         the name of the process that dialled; the first frame of each pipe
//	envelope      ParseRequest, …       the number that ties an answer to its request
//	body          Body, Business        business header and route, which say who the rest is for
//	document      Invocation, Return    remote objects
//	              Answer, RouteFailure  JSON routes
//	              HTTPRequest, …        PipeMvc
//
// One value writes a whole frame:
//
//	body := campuswire.JSONRoute("/echo", []byte(`{"Value":"x"}`))
//	n, err := framing.CallLen(&body)                                 // room to reserve
//	frame, err := framing.AppendRequest(room[:0], ack, id, &body)
//
// What does not fit is a typed error that says where: [FrameError], [ContentError], [JSONError]. Each wraps one of the
// sentinels of this package, for errors.Is. No input makes the package panic, and no length that came from the wire is
// used before it has been compared with the bytes that are there.
//
// JSON comes in the dialects of .NET's engines. The models of the protocol have fixed names; how texts are escaped
// and what becomes of the values of an application is a [Dialect].
//
// The section numbers in the comments are those of the dotnetCampus.Ipc specification of this project. All integers
// are little endian.
package campuswire
