package recorded

import "github.com/bellpull/bellpull/internal/campuswire"

// campusFlaws is the table of the flaws of dotnetCampus.Ipc sessions. Frames are those of a pipe, from 0; the pipes of a
// side are counted. Only the two empty messages were written by .NET.
var campusFlaws = []flaw{
	// Messages without content: .NET writes them, and breaks the connection on them.
	{"notify-empty", 1, A, frame, 1, campuswire.ErrNoContent, "an empty notify"},
	{"notify-string-empty", 1, B, frame, 1, campuswire.ErrNoContent, "an empty text"},

	// Headers that nobody writes, and that .NET takes.
	{"odd-frames", 1, A, frame, 1, errHeader, "version 7"},
	{"odd-frames", 1, A, frame, 2, errHeader, "reserved field"},
	{"odd-frames", 1, A, frame, 3, errHeader, "legacy bits: notify 0x09"},
	{"odd-frames", 1, A, frame, 4, errHeader, "legacy bits: request 0x0B"},
	{"odd-frames", 1, A, frame, 5, errHeader, "legacy bits: request 0x23"},
	{"odd-frames", 1, A, frame, 7, errHeader, "both bits, the mark of a request"},
	{"odd-frames", 1, A, frame, 11, errDifferent, "an envelope that is too short"},
	{"odd-frames", 1, A, tail, 13, campuswire.ErrVersion, "version 0; what is behind it, an empty content last, is not looked at"},

	// Documents of JSON routes that .NET answers with an exception, and routes that it does not answer.
	{"json-odd", 1, A, frame, 6, campuswire.ErrEmpty, "no document"},
	{"json-odd", 1, A, frame, 9, campuswire.ErrSyntax, "garbage behind the document"},
	{"json-odd", 1, A, frame, 15, campuswire.ErrLength, "a route beyond the end"},
	{"json-odd", 1, A, frame, 16, campuswire.ErrTruncated, "no route"},

	// Invocations that .NET does not handle.
	{"objects-odd", 1, A, frame, 6, campuswire.ErrBlank, "m blank"},
	{"objects-odd", 1, A, frame, 7, campuswire.ErrBlank, "m absent"},
	{"objects-odd", 1, A, frame, 10, campuswire.ErrType, "d as text"},
	{"objects-odd", 1, A, frame, 12, campuswire.ErrMissing, "call type 0"},
	{"objects-odd", 1, A, frame, 14, campuswire.ErrMissing, "call type absent"},
	{"objects-odd", 1, A, frame, 32, campuswire.ErrBlank, "t null"},
	{"objects-odd", 1, A, frame, 33, campuswire.ErrSyntax, "a byte order mark"},
	{"objects-odd", 1, A, frame, 35, campuswire.ErrSyntax, "garbage behind the document"},
	{"objects-odd", 1, A, frame, 36, campuswire.ErrSyntax, "no JSON"},
	{"objects-odd", 1, A, frame, 37, campuswire.ErrSyntax, "no document"},
	{"objects-odd", 1, A, frame, 38, campuswire.ErrBlank, "names in upper case"},

	// Answers that a .NET proxy throws on.
	{"returns-odd", 1, A, frame, 32, campuswire.ErrMark, "no header"},
	{"returns-odd", 1, A, frame, 33, campuswire.ErrSyntax, "a byte order mark"},
	{"returns-odd", 1, A, frame, 35, campuswire.ErrSyntax, "header only"},
	{"returns-odd", 1, A, frame, 36, campuswire.ErrSyntax, "no JSON"},

	// Requests of PipeMvc that .NET answers with nothing.
	{"mvc-odd", 1, A, frame, 3, campuswire.ErrType, "Headers null"},
	{"mvc-odd", 1, A, frame, 4, campuswire.ErrMissing, "Headers absent"},
	{"mvc-odd", 1, A, frame, 5, campuswire.ErrValue, "Version absent"},
	{"mvc-odd", 1, A, frame, 7, campuswire.ErrType, "Version as object"},
	{"mvc-odd", 1, A, frame, 8, campuswire.ErrType, "Method as text"},
	{"mvc-odd", 1, A, frame, 9, campuswire.ErrValue, "a relative URI"},
	{"mvc-odd", 1, A, frame, 12, campuswire.ErrMissing, "ContentHeaders without content"},
	{"mvc-odd", 1, A, frame, 16, campuswire.ErrValue, "a content header among Headers"},
	{"mvc-odd", 1, A, frame, 18, campuswire.ErrType, "Value as text"},
	{"mvc-odd", 1, A, frame, 19, campuswire.ErrSyntax, "a byte order mark"},
	{"mvc-odd", 1, A, frame, 20, campuswire.ErrSyntax, "no JSON"},
}
