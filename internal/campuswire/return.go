package campuswire

import "github.com/bellpull/bellpull/internal/netjson"

// A Return is the answer of a remote object, behind [BusinessObject]. Section 6.3.
type Return struct {
	// Result is what was returned. A member without result returns the zero Value; Null is as much.
	Result Value
	// Exception is set when the invocation failed. There is no result then: .NET writes null and reads none.
	Exception *Exception
}

// An Exception is what a member threw. Any of its texts may be null.
type Exception struct {
	Type    Str // full name of the CLR type; null is an InvalidOperationException to a .NET caller
	Message Str
	Stack   Str
	Extra   Str // the name of the parameter for an ArgumentNullException; .NET always writes null
}

// ParseReturn reads the JSON of an answer into m. Members come in any order, absent ones are null, unknown ones are
// ignored, among them the "i" of DEBUG builds; names are case-sensitive. The error is a [*JSONError], and m is then the
// zero value: to a .NET caller that is a NotSupportedException, like an answer without the header. An exception is a copy,
// apart from its texts.
func ParseReturn(doc []byte, m *Return) error {
	*m = Return{Result: Value{Null: true}}
	r := newReader(doc, "Return")
	for r.Object(); r.Member(); {
		switch string(r.Name()) {
		case "r":
			m.Result.parse(&r)
		case "e":
			m.Exception = nil
			if !r.Null() {
				m.Exception = new(Exception)
				m.Exception.parse(&r)
			}
		default:
			r.Skip()
		}
	}
	if err := r.end(); err != nil {
		*m = Return{}
		return err
	}
	if m.Exception != nil {
		m.Result = Value{Null: true}
	}
	return nil
}

func (e *Exception) parse(r *jsonReader) {
	for r.Object(); r.Member(); {
		switch string(r.Name()) {
		case "t":
			e.Type = r.text()
		case "m":
			e.Message = r.text()
		case "s":
			e.Stack = r.text()
		case "x":
			e.Extra = r.text()
		default:
			r.Skip()
		}
	}
}

// AppendJSON appends the JSON of the answer as .NET orders it. With an exception the result is written as null.
func (m *Return) AppendJSON(b []byte, style netjson.Escape) []byte {
	w := jsonWriter{b: b, style: style}
	w.open('{')
	w.name("r")
	if m.Exception != nil {
		w.null()
	} else {
		m.Result.appendTo(&w)
	}
	w.name("e")
	if e := m.Exception; e == nil {
		w.null()
	} else {
		w.open('{')
		w.str("t", e.Type)
		w.str("m", e.Message)
		w.str("s", e.Stack)
		w.str("x", e.Extra)
		w.close('}')
	}
	w.close('}')
	return w.b
}

// The exceptions that a .NET proxy throws again as what they were; every other becomes an IpcInvokingException.
// Section 6.9.
const (
	ExceptionArgument         = "System.ArgumentException"
	ExceptionArgumentNull     = "System.ArgumentNullException"
	ExceptionBadImageFormat   = "System.BadImageFormatException"
	ExceptionInvalidCast      = "System.InvalidCastException"
	ExceptionInvalidOperation = "System.InvalidOperationException"
	ExceptionNotImplemented   = "System.NotImplementedException"
	ExceptionNotSupported     = "System.NotSupportedException"
	ExceptionNullReference    = "System.NullReferenceException"
)

// Exceptions with which a joint answers what it cannot invoke. Section 6.5.
const (
	ExceptionMemberNotFound  = "dotnetCampus.Ipc.Exceptions.IpcMemberNotFoundException"
	ExceptionIndexOutOfRange = "System.IndexOutOfRangeException" // a wrong number of arguments
	ExceptionJSON            = "System.Text.Json.JsonException"  // an argument that does not decode
)

// Rebuilt reports whether a .NET proxy throws an exception of that type as what it was.
func Rebuilt(clrType string) bool {
	switch clrType {
	case ExceptionArgument, ExceptionArgumentNull, ExceptionBadImageFormat, ExceptionInvalidCast, ExceptionInvalidOperation,
		ExceptionNotImplemented, ExceptionNotSupported, ExceptionNullReference:
		return true
	}
	return false
}
