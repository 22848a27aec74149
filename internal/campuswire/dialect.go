package campuswire

import (
	"encoding/json"
	"reflect"

	"github.com/bellpull/bellpull/internal/netjson"
)

// A Dialect is what an engine of .NET makes of the values of an application: the arguments and results of remote objects
// and the documents of JSON routes. The models of the protocol itself keep their names and nulls in all dialects; of
// those only the escapes differ. Section 6.7.
//
// In every dialect enums are numbers, []byte is base64, an integer has no fraction, and times are written as
// [FormatDateTime] and [TimeSpan] do. What .NET reads differs more: System.Text.Json takes exact names and exact types and
// ignores in silence what is spelled otherwise, so the names that are written must be those of the other side; Newtonsoft
// takes other cases, numbers in quotes and names of enums, and turns a text that looks like an ISO date into another
// text (see [ParseDateTime]). Reading as encoding/json does takes everything that either writes.
type Dialect struct {
	// Escape is how texts are written.
	Escape netjson.Escape
	// BOM is set where the answer of a JSON route begins with a byte order mark. No other document has one.
	BOM bool
	// NullAnswer is set where a JSON route that returns null answers null; otherwise it answers {}.
	NullAnswer bool
	// Camel is set where members of objects are written with a small first letter. Keys of maps stay, and so do members
	// whose tag gives a name.
	Camel bool
	// OmitNull is set where members of objects that are null are left out. Entries of maps stay.
	OmitNull bool
}

// The dialects of .NET.
var (
	// STJ is System.Text.Json, the default of .NET 8 and later, also with a source-generated context of the user.
	STJ = Dialect{}
	// Camel is System.Text.Json with a user's context that has camelCase names and leaves nulls out.
	Camel = Dialect{Camel: true, OmitNull: true}
	// Newtonsoft is Newtonsoft.Json, the default of older targets.
	Newtonsoft = Dialect{Escape: netjson.EscapeLeast, BOM: true, NullAnswer: true}
)

// DialectOf gives a dialect by the name that the programs of this project have for it: stj, stjctx, camel, newtonsoft.
func DialectOf(name string) (d Dialect, ok bool) {
	switch name {
	case "stj", "stjctx":
		return STJ, true
	case "camel":
		return Camel, true
	case "newtonsoft":
		return Newtonsoft, true
	}
	return Dialect{}, false
}

// Respells reports whether names or members depend on the Go value, so that [Dialect.AppendValue] and what encoding/json
// writes, given to [Dialect.AppendDocument], differ.
func (d Dialect) Respells() bool { return d.Camel || d.OmitNull }

// AppendValue appends the JSON of a Go value: what encoding/json writes, without white space, in this dialect. The error
// is that of encoding/json, or a [*JSONError] for what it does not look at: depth, and what methods of types write.
func (d Dialect) AppendValue(b []byte, value any) ([]byte, error) {
	doc, err := json.Marshal(value)
	if err != nil {
		return b, err
	}
	if !d.Respells() {
		return d.AppendDocument(b, doc)
	}
	return d.spell(b, doc, reflect.ValueOf(value))
}

// AppendDocument appends a JSON document as it is, but without white space and with texts escaped in this dialect. The
// error is a [*JSONError].
func (d Dialect) AppendDocument(b, doc []byte) ([]byte, error) {
	return d.spell(b, doc, reflect.Value{})
}

func (d Dialect) spell(b, doc []byte, v reflect.Value) ([]byte, error) {
	s := speller{r: newReader(doc, "document"), w: jsonWriter{b: b, style: d.Escape}, d: d}
	s.value(v)
	if err := s.r.end(); err != nil {
		return b, err
	}
	return s.w.b, nil
}
