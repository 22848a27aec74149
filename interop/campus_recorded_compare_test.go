package interop_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/internal/recorded"
)

// recAsk is what a request was, and so what its answer is.
type recAsk struct {
	business campuswire.Business
	web      bool
	slow     bool // its handler takes a while
}

func askOf(body []byte, web bool) recAsk {
	b := campuswire.Known(body)
	return recAsk{business: b, web: web && b == 0,
		slow: string(body) == "slow" || bytes.Contains(body, []byte("/slow")) || bytes.Contains(body, []byte(`"m":"Slow"`))}
}

func (p *recPlay) isWeb() bool { return strings.HasPrefix(p.s.Name, "mvc") }

// judge compares a frame of ours with the one that .NET wrote in its place.
func (p *recPlay) judge(w *recWant, got recorded.CampusFrame) {
	p.t.Helper()
	w.met = true
	p.frames++
	if w.f.Kind() == campuswire.KindRequest {
		theirs, _ := campuswire.ParseRequest(w.f.Content)
		ours, _ := campuswire.ParseRequest(got.Content)
		p.ids[theirs.ID] = ours.ID
	}
	if p.instead(w, got) {
		return
	}
	exact, err := p.compare(w.f, got)
	if err != nil {
		p.t.Errorf("%v: got %s\n.NET wrote %s\n%v", w.pipe, recShow(got), recShow(w.f), err)
	}
	if exact {
		p.exact++
	}
}

// matches says that a frame of ours can be the one that .NET wrote: answers by their number, everything else by value.
func (p *recPlay) matches(w *recWant, got recorded.CampusFrame) bool {
	if w.met || w.f.Kind() != got.Kind() {
		return false
	}
	if w.f.Kind() == campuswire.KindResponse {
		a, err := campuswire.ParseResponse(w.f.Content)
		b, err2 := campuswire.ParseResponse(got.Content)
		return err == nil && err2 == nil && a.ID == b.ID
	}
	if o := p.oddOf(w.f); o != nil && o.ours != "" {
		return strings.Contains(string(got.Content), o.ours)
	}
	_, err := p.compare(w.f, got)
	return err == nil
}

// compare says how two frames differ. exact: the contents have the same bytes but for numbers of requests and ids of
// objects, which each process makes as it likes.
func (p *recPlay) compare(want, got recorded.CampusFrame) (exact bool, err error) {
	if want.Command != got.Command {
		return false, fmt.Errorf("%v, want %v", got.Command, want.Command)
	}
	switch want.Kind() {
	case campuswire.KindNotify:
		return p.body(want.Content, got.Content, false)
	case campuswire.KindRequest:
		a, err := campuswire.ParseRequest(want.Content)
		b, err2 := campuswire.ParseRequest(got.Content)
		if err := errors.Join(err, err2); err != nil {
			return false, err
		}
		return p.body(a.Body, b.Body, true)
	case campuswire.KindResponse:
		a, err := campuswire.ParseResponse(want.Content)
		b, err2 := campuswire.ParseResponse(got.Content)
		if err := errors.Join(err, err2); err != nil {
			return false, err
		}
		return p.answer(p.asked[a.ID], a.Body, b.Body)
	}
	return equal(want.Content, got.Content) // a registration
}

func equal(want, got []byte) (bool, error) {
	if bytes.Equal(want, got) {
		return true, nil
	}
	return false, fmt.Errorf("%.300q, want %.300q", got, want)
}

// body compares the bodies of notifies and requests.
func (p *recPlay) body(want, got []byte, request bool) (exact bool, err error) {
	if bytes.Equal(want, got) {
		return true, nil
	}
	h := campuswire.Known(want)
	switch {
	case h != campuswire.Known(got):
		return equal(want, got)
	case h == campuswire.BusinessJSONRoute:
		rest, _ := h.Strip(want)
		route, x, err := campuswire.ParseRoute(rest)
		rest, _ = h.Strip(got)
		ours, y, err2 := campuswire.ParseRoute(rest)
		if err := errors.Join(err, err2); err != nil {
			return false, err
		}
		if !bytes.Equal(route, ours) {
			return equal(route, ours)
		}
		return false, sameValue(x, y)
	case h == campuswire.BusinessObject && request:
		x, _ := h.Strip(want)
		y, _ := h.Strip(got)
		return p.invocation(x, y)
	case p.isWeb() && request:
		var x, y campuswire.HTTPRequest
		if err := errors.Join(campuswire.ParseHTTPRequest(want, &x), campuswire.ParseHTTPRequest(got, &y)); err != nil {
			return false, err
		}
		sortHeaders(x.Headers)
		sortHeaders(y.Headers)
		return false, same(x, y)
	}
	return equal(want, got)
}

// sortHeaders takes away what means nothing: the order of fields of different names.
func sortHeaders(list []campuswire.Header) {
	slices.SortStableFunc(list, func(a, b campuswire.Header) int { return strings.Compare(a.Name, b.Name) })
}

// answer compares the answers to a request.
func (p *recPlay) answer(about recAsk, want, got []byte) (exact bool, err error) {
	if bytes.Equal(want, got) {
		return true, nil
	}
	if len(want) == 0 || len(got) == 0 {
		return equal(want, got)
	}
	switch {
	case about.business == campuswire.BusinessObject:
		x, ok := campuswire.BusinessObject.Strip(want)
		y, ok2 := campuswire.BusinessObject.Strip(got)
		if !ok || !ok2 {
			return equal(want, got)
		}
		return p.returned(x, y)
	case about.business == campuswire.BusinessJSONRoute:
		x, err := campuswire.ParseAnswer(want)
		y, err2 := campuswire.ParseAnswer(got)
		if err := errors.Join(err, err2); err != nil {
			return false, err
		}
		if bytes.HasPrefix(want, []byte("\xef\xbb\xbf")) != bytes.HasPrefix(got, []byte("\xef\xbb\xbf")) {
			return false, errors.New("a byte order mark")
		}
		if x.Failure == nil || y.Failure == nil {
			return false, sameValue(x.JSON, y.JSON)
		}
		return false, sameFailure(x.Failure, y.Failure)
	case about.web:
		var x, y campuswire.HTTPResponse
		if err := errors.Join(campuswire.ParseHTTPResponse(want, &x), campuswire.ParseHTTPResponse(got, &y)); err != nil {
			return false, err
		}
		sortHeaders(x.Headers)
		sortHeaders(y.Headers)
		return false, same(x, y)
	}
	return equal(want, got)
}

// sameFailure compares what the specification fixes of an exception of a JSON route: the type and, of one that an
// application threw, its message; of a route that nobody has, that the message names it and there is nothing else.
func sameFailure(want, got *campuswire.RouteFailure) error {
	ours := got.Type.String()
	switch typ := want.Type.String(); {
	case want.Missing():
		route, _, _ := strings.Cut(strings.TrimPrefix(want.Message.String(), "Can not find '"), "'")
		if !got.Missing() || got.Stack != nil || got.Text != nil || !strings.Contains(got.Message.String(), route) {
			return fmt.Errorf("%s: %q", got.Type, got.Message)
		}
	case strings.HasPrefix(typ, "System.Text.Json.") || strings.HasPrefix(typ, "Newtonsoft.Json."):
		if ours != "Bellpull.bad_argument.never" {
			return fmt.Errorf("%s for %s", ours, typ)
		}
	case ours != typ || got.Message.String() != want.Message.String():
		return fmt.Errorf("%s: %q, want %s: %q", ours, got.Message, typ, want.Message)
	}
	return nil
}

// invocation compares two invocations.
func (p *recPlay) invocation(want, got []byte) (exact bool, err error) {
	var x, y campuswire.Invocation
	if err := errors.Join(campuswire.ParseInvocation(want, &x), campuswire.ParseInvocation(got, &y)); err != nil {
		return false, err
	}
	if x.Contract.String() != y.Contract.String() || x.Member != y.Member || x.Call != y.Call || x.Name.String() != y.Name.String() ||
		p.theirs(y.ID.String()) != x.ID.String() || len(x.Args) != len(y.Args) || (x.Args == nil) != (y.Args == nil) {
		return false, fmt.Errorf("%s, want %s", got, want)
	}
	for i := range x.Args {
		if err := p.value(&x.Args[i], &y.Args[i]); err != nil {
			return false, err
		}
	}
	return p.bytesOf(want, got), nil
}

// returned compares two answers of objects. Of an exception the specification fixes the type and, when a member threw
// it, the message.
func (p *recPlay) returned(want, got []byte) (exact bool, err error) {
	var x, y campuswire.Return
	if err := errors.Join(campuswire.ParseReturn(want, &x), campuswire.ParseReturn(got, &y)); err != nil {
		return false, err
	}
	if x.Exception == nil || y.Exception == nil {
		if x.Exception != y.Exception {
			return false, fmt.Errorf("%s, want %s", got, want)
		}
		return p.bytesOf(want, got), p.value(&x.Result, &y.Result)
	}
	own := false
	switch x.Exception.Type.String() {
	case campuswire.ExceptionMemberNotFound, campuswire.ExceptionIndexOutOfRange, campuswire.ExceptionJSON:
		own = true // the library threw it, in words of its own
	}
	if y.Exception.Type.String() != x.Exception.Type.String() || !own && y.Exception.Message.String() != x.Exception.Message.String() ||
		y.Exception.Extra != nil {
		return false, fmt.Errorf("%s: %q, want %s: %q", y.Exception.Type, y.Exception.Message, x.Exception.Type, x.Exception.Message)
	}
	return false, nil
}

// value compares two arguments or results. It notes the id of an object.
func (p *recPlay) value(want, got *campuswire.Value) error {
	if want.Null != got.Null || want.Contract.String() != got.Contract.String() || (want.JSON == nil) != (got.JSON == nil) {
		return fmt.Errorf("%+v, want %+v", *got, *want)
	}
	theirs, ours := want.ID.String(), got.ID.String()
	if !want.Object() || theirs == "" {
		if theirs != ours {
			return fmt.Errorf("the id %q, want %q", ours, theirs)
		}
		if want.JSON == nil {
			return nil
		}
		return sameValue(want.JSON, got.JSON)
	}
	if known, ok := p.objects[theirs]; ok && known != ours || !recGUID.MatchString(ours) {
		return fmt.Errorf("the id %q for %q, known as %q", ours, theirs, known)
	}
	p.objects[theirs] = ours
	return nil
}

var recGUID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// theirs gives the id that an object of ours has in the recording.
func (p *recPlay) theirs(id string) string {
	for theirs, ours := range p.objects {
		if ours == id {
			return theirs
		}
	}
	return id
}

// bytesOf says that two documents have the same bytes but for ids of objects.
func (p *recPlay) bytesOf(want, got []byte) bool {
	text := string(got)
	for theirs, ours := range p.objects {
		text = strings.ReplaceAll(text, ours, theirs)
	}
	return text == string(want)
}

func same(want, got any) error {
	if !reflect.DeepEqual(want, got) {
		return fmt.Errorf("%+v, want %+v", got, want)
	}
	return nil
}

// sameValue compares JSON by value.
func sameValue(want, got []byte) error {
	decode := func(doc []byte) (v any) {
		d := json.NewDecoder(bytes.NewReader(doc))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			return err
		}
		return v
	}
	if x, y := decode(want), decode(got); !reflect.DeepEqual(x, y) {
		return fmt.Errorf("%s, want %s", got, want)
	}
	return nil
}

func recShow(f recorded.CampusFrame) string {
	return fmt.Sprintf("%v with %d bytes %.600q", f.Command, len(f.Content), f.Content)
}
