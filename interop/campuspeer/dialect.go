package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/bellpull/bellpull/campus"
)

// dialect is an engine of JSON, reading as strictly as that of .NET does. Package campus reads whatever any of them writes;
// what .NET does not find, or refuses, is part of what the tests of a peer look at.
type dialect struct {
	name    string
	campus  campus.Dialect
	lenient bool // Newtonsoft: other cases of names, numbers in quotes and texts of numbers
	camel   bool
}

func dialectOf(name string) (dialect, bool) {
	d := dialect{name: name, campus: campus.STJ}
	switch name {
	case "stj", "stjctx":
	case "camel":
		d.campus, d.camel = campus.Camel, true
	case "newtonsoft":
		d.campus, d.lenient = campus.Newtonsoft, true
	default:
		return d, false
	}
	return d, true
}

// member gives a member of a business object; nil when it is not there.
func (d dialect) member(object map[string]json.RawMessage, name string) json.RawMessage {
	if d.camel {
		name = strings.ToLower(name[:1]) + name[1:]
	}
	v, ok := object[name]
	if !ok && d.lenient {
		for key, v := range object {
			if strings.EqualFold(key, name) {
				return v
			}
		}
	}
	return v
}

// exception is what .NET throws for a value that does not fit.
func (d dialect) exception(v json.RawMessage, want string) error {
	x := &campus.Exception{Type: "System.Text.Json.JsonException", Message: "cannot read " + kindOf(v) + " as " + want}
	if d.lenient {
		x.Type = "Newtonsoft.Json.JsonSerializationException"
	}
	return x
}

// integer reads an int; null is 0.
func (d dialect) integer(v json.RawMessage) (int32, error) {
	text := string(v)
	if isNull(v) {
		return 0, nil
	}
	if d.lenient {
		var quoted string
		if json.Unmarshal(v, &quoted) == nil {
			text = quoted
		}
		if f, err := strconv.ParseFloat(text, 64); err == nil && f == float64(int32(f)) {
			return int32(f), nil
		}
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, d.exception(v, "int")
	}
	return int32(n), nil
}

// integers reads several.
func (d dialect) integers(list ...json.RawMessage) ([]int32, error) {
	out := make([]int32, len(list))
	for i, v := range list {
		var err error
		if out[i], err = d.integer(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// text reads a string; null is nil.
func (d dialect) text(v json.RawMessage) (*string, error) {
	var s string
	switch {
	case isNull(v):
		return nil, nil
	case json.Unmarshal(v, &s) == nil:
	case d.lenient && v[0] != '{' && v[0] != '[':
		s = string(v)
	default:
		return nil, d.exception(v, "string")
	}
	return &s, nil
}

// object reads a business object; nil is null.
func (d dialect) object(v json.RawMessage, what string) (map[string]json.RawMessage, error) {
	if isNull(v) {
		return nil, nil
	}
	members := map[string]json.RawMessage{}
	if json.Unmarshal(v, &members) != nil {
		return nil, d.exception(v, what)
	}
	return members, nil
}

func isNull(v json.RawMessage) bool { return len(v) == 0 || string(v) == "null" }

func kindOf(v json.RawMessage) string {
	switch {
	case isNull(v):
		return "null"
	case v[0] == '"':
		return "a string"
	case v[0] == '{':
		return "an object"
	case v[0] == '[':
		return "an array"
	case v[0] == 't', v[0] == 'f':
		return "a bool"
	}
	return "a number"
}
