package main

import "github.com/bellpull/bellpull/campus"

// The interfaces that every peer of the control protocol has.
var (
	nested = &campus.Contract{Name: namespace + ".INested", Members: []campus.Member{
		{Name: "Title", Kind: campus.Get},
		{Name: "Hit", Kind: campus.Method},
	}}
	calculator = &campus.Contract{Name: namespace + ".ICalculator", Members: []campus.Member{
		{Name: "Add", Kind: campus.Method, Params: []string{"int", "int"}},
		{Name: "AddAsync", Kind: campus.Async, Params: []string{"int", "int"}},
		{Name: "Echo", Kind: campus.Method, Params: []string{"string"}},
		{Name: "EchoAsync", Kind: campus.Async, Params: []string{"string"}},
		{Name: "Counter", Kind: campus.Get | campus.Set},
		{Name: "Name", Kind: campus.Get},
		{Name: "Fire", Kind: campus.Method, Params: []string{"int"}},
		{Name: "FireAsync", Kind: campus.Async, Params: []string{"int"}},
		{Name: "Move", Kind: campus.Method, Params: []string{namespace + ".Point", "int"}},
		{Name: "Range", Kind: campus.Method, Params: []string{"int", "int"}},
		{Name: "Count", Kind: campus.Method, Params: []string{"string"}},
		{Name: "Fail", Kind: campus.Method, Params: []string{"string"}},
		{Name: "Slow", Kind: campus.Async, Params: []string{"int"}},
		{Name: "Child", Kind: campus.Method, Params: []string{"string"}, Result: nested},
		{Name: "Use", Kind: campus.Method, Params: []string{namespace + ".INested"}, Args: []*campus.Contract{nested}},
	}}
)

// point is the class Point.
type point struct {
	X, Y  int32
	Label *string
}

// thrown are the exceptions of Fail; whatever else it is asked for is an IOException.
var thrown = map[string]string{"invalid": campus.ExceptionInvalidOperation, "argument": campus.ExceptionArgument,
	"argumentnull": campus.ExceptionArgumentNull, "notsupported": campus.ExceptionNotSupported,
	"notimplemented": campus.ExceptionNotImplemented, "invalidcast": campus.ExceptionInvalidCast,
	"badimage": campus.ExceptionBadImageFormat, "nullref": campus.ExceptionNullReference,
	"custom": namespace + ".CustomException"}

// shapes are what the members give: how a result is read. A member that is not here gives nothing, or an object.
var shapes = map[string]string{"Add": "int", "AddAsync": "int", "Echo": "string", "EchoAsync": "string", "Counter": "int",
	"Name": "string", "Move": "point", "Range": "list", "Count": "map", "Fail": "int", "Slow": "int", "Use": "string",
	"Title": "string", "Hit": "int"}
