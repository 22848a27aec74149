package campuswire_test

import (
	"fmt"

	"github.com/bellpull/bellpull/internal/campuswire"
)

// A request to the JSON route /echo, from its bytes and back, and an answer.
func Example() {
	var framing campuswire.Framing
	body := campuswire.JSONRoute("/echo", []byte(`{"Value":"x"}`))
	n, err := framing.CallLen(&body)
	frame, err2 := framing.AppendRequest(make([]byte, 0, n), 2, 0, &body)
	fmt.Println(n, len(frame), err, err2)

	f, err := framing.ParseFrame(frame)
	fmt.Println(f.Kind(), f.Ack, err)
	request, err := campuswire.ParseRequest(f.Content)
	fmt.Println(request.ID, campuswire.Known(request.Body), err)
	rest, _ := campuswire.BusinessJSONRoute.Strip(request.Body)
	route, payload, err := campuswire.ParseRoute(rest)
	doc, err2 := campuswire.ParseDocument(payload)
	fmt.Printf("%s %s %v %v\n", route, doc, err, err2)

	// The answer of a peer on Newtonsoft begins with a byte order mark.
	out, err := campuswire.Newtonsoft.AppendAnswer(nil, []byte(`{"Value":"x"}`))
	answer, err2 := campuswire.ParseAnswer(out)
	fmt.Printf("%x %s %v %v\n", out[:3], answer.JSON, err, err2)

	// What does not fit says where.
	_, err = campuswire.ParseRequest(f.Content[:30])
	fmt.Println(err)
	// Output:
	// 84 84 <nil> <nil>
	// request 2 <nil>
	// 0 JsonIpcDirectRouted <nil>
	// /echo {"Value":"x"} <nil> <nil>
	// efbbbf {"Value":"x"} <nil> <nil>
	// campus: request.length: length beyond the end at byte 16: 27, limit 10
}
