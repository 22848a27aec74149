package campuswire

import (
	"bytes"
	"strconv"
)

// NoParameter is the document of a notify or a request without parameter. Section 7.2.
const NoParameter = "{}"

// ExceptionMember is the member of an answer that the protocol keeps for itself.
const ExceptionMember = "__$Exception"

// NotFoundType is what a [RouteFailure] has for its type when nobody handles the route.
const NotFoundType = "__JsonIpcDirectRoutedCanNotFindRequestHandlerException__"

const bom = "\xef\xbb\xbf"

// ParseDocument gives the JSON document in the payload of a JSON route: without a byte order mark and white space around
// it, and looked through to its end. The document aliases the payload. The error is a [*JSONError]; an empty payload is
// ErrEmpty. Any value may come: null stands for a parameter that is null.
func ParseDocument(payload []byte) (doc []byte, err error) {
	r, err := document(payload, "Parameter")
	if err != nil {
		return nil, err
	}
	doc = r.Value()
	if err := r.end(); err != nil {
		return nil, err
	}
	return doc, nil
}

// document begins to read the document of a JSON route.
func document(payload []byte, name string) (jsonReader, error) {
	if len(payload) == 0 {
		return jsonReader{}, &JSONError{Document: name, What: ErrEmpty}
	}
	r := newReader(payload, name)
	if err := r.failure(); err != nil {
		return r, err
	}
	if bytes.HasPrefix(payload, []byte(bom)) {
		r.BOM()
	}
	return r, nil
}

// An Answer is what a JSON route answered.
type Answer struct {
	// JSON is an object, or null; without a byte order mark and white space around it.
	JSON []byte
	// Failure is set when there is no result: then JSON holds it, and nothing else that matters.
	Failure *RouteFailure
}

// Null reports whether the route answered null.
func (a *Answer) Null() bool { return string(a.JSON) == "null" }

// ParseAnswer reads the answer of a JSON route, which may begin with a byte order mark. The error is a [*JSONError]:
// ErrEmpty for an empty body, which says that the peer has no JSON routes, or one too old to say what failed; ErrObject
// for a document that is neither an object nor null; ErrType for an exception that is not of its shape. JSON aliases
// the body, and so do the texts of a failure. Section 7.2.
func ParseAnswer(body []byte) (Answer, error) {
	r, err := document(body, "Answer")
	if err != nil {
		return Answer{}, err
	}
	var a Answer
	c := r.Peek()
	from := r.Offset()
	switch c {
	case '{':
		for r.Object(); r.Member(); {
			if string(r.Name()) == ExceptionMember {
				a.Failure = parseFailure(&r)
			} else {
				r.Skip()
			}
		}
	case 'n':
		r.Null()
	default:
		r.Wrong(ErrObject)
	}
	to := r.Offset()
	if err := r.end(); err != nil {
		return Answer{}, err
	}
	a.JSON = body[from:to:to]
	return a, nil
}

// A RouteFailure says why a JSON route has no result. Any of its texts may be null, but one without Type is none to its
// reader.
type RouteFailure struct {
	Type    Str // full name of the CLR type, nested types joined with a plus; or NotFoundType
	Message Str
	Stack   Str
	Text    Str // the exception as text
}

// Missing reports whether nobody handles the route.
func (f *RouteFailure) Missing() bool { return string(f.Type) == NotFoundType }

// NotFound gives what a peer answers that has nobody for a route.
func NotFound(name string) *RouteFailure {
	return &RouteFailure{Type: Str(NotFoundType), Message: Str("no handler for requests to the route " + strconv.Quote(name))}
}

// parseFailure reads an exception. null, and one without a type, is none.
func parseFailure(r *jsonReader) *RouteFailure {
	if r.Null() {
		return nil
	}
	f := new(RouteFailure)
	for r.Object(); r.Member(); {
		switch string(r.Name()) {
		case "ExceptionType":
			f.Type = r.text()
		case "ExceptionMessage":
			f.Message = r.text()
		case "ExceptionStackTrace":
			f.Stack = r.text()
		case "ExceptionToString":
			f.Text = r.text()
		default:
			r.Skip()
		}
	}
	if len(f.Type) == 0 {
		return nil
	}
	return f
}

// AppendFailure appends the answer of a route without result as .NET orders it, with the byte order mark of the dialect.
func (d Dialect) AppendFailure(b []byte, f *RouteFailure) []byte {
	w := jsonWriter{b: d.mark(b), style: d.Escape}
	w.open('{')
	w.name(ExceptionMember)
	w.open('{')
	w.str("ExceptionType", f.Type)
	w.str("ExceptionMessage", f.Message)
	w.str("ExceptionStackTrace", f.Stack)
	w.str("ExceptionToString", f.Text)
	w.close('}')
	w.close('}')
	return w.b
}

// AppendAnswer appends the answer of a route with the result doc, a JSON document in this dialect: behind the byte order
// mark of the dialect, and null in its spelling. The error is a [*JSONError], and b is then as it was: ErrObject for a
// result that is neither an object nor null, which a .NET client cannot read; ErrReserved for one that has the member of
// exceptions.
func (d Dialect) AppendAnswer(b, doc []byte) ([]byte, error) {
	r := newReader(doc, "Answer")
	c := r.Peek()
	from := r.Offset()
	switch c {
	case '{':
		for r.Object(); r.Member(); {
			at := r.Offset()
			if r.Skip(); r.OK() && string(r.Name()) == ExceptionMember {
				r.Fail(at, ErrReserved)
			}
		}
	case 'n':
		r.Null()
	default:
		r.Wrong(ErrObject)
	}
	to := r.Offset()
	if err := r.end(); err != nil {
		return b, err
	}
	if b = d.mark(b); c == 'n' && !d.NullAnswer {
		return append(b, NoParameter...), nil
	}
	return append(b, doc[from:to]...), nil
}

// mark appends the byte order mark of the dialect.
func (d Dialect) mark(b []byte) []byte {
	if d.BOM {
		b = append(b, bom...)
	}
	return b
}
