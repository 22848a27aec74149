package interop_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/campus"
)

// recResult is what a command gave in the recording.
type recResult struct {
	text                 string
	value                any
	failed               bool
	typ, inner, remote   string // of the error
	message              string
	timeout, unhandled   bool // no answer; an answer that is none of an object
	connectionWasBroken  bool
	answerMeantNobodyDid bool // an answer of no bytes
}

var (
	recErrType   = regexp.MustCompile(`^(?:\{"ERR": |\{"ok": false, "error": )?\{"type": "(\w+)"`)
	recErrInner  = regexp.MustCompile(`"inner": "(\w+)"`)
	recErrRemote = regexp.MustCompile(`RemoteExceptionType: ([\w.+$]+)`)
	recErrText   = regexp.MustCompile(`"message": "((?:[^"\\]|\\.)*)"`)
)

// wanted reads a result. Long ones were cut when they were recorded, and are no JSON then.
func (p *recPlay) wanted(text string) (r recResult) {
	r.text = text
	first := func(x *regexp.Regexp) string {
		if m := x.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		return ""
	}
	if r.typ = first(recErrType); r.typ != "" {
		r.failed, r.inner, r.remote, r.message = true, first(recErrInner), first(recErrRemote), first(recErrText)
		r.timeout = r.typ == "TimeoutException"
		r.connectionWasBroken = r.typ == "IpcPeerConnectionBrokenException" || r.inner == "IpcPeerConnectionBrokenException"
		// .NET says of an answer that is none of an object that it is to be treated with care.
		r.unhandled = r.typ == "NotSupportedException" && strings.Contains(r.message, "RequestMessage") || r.typ == "ArgumentOutOfRangeException"
		r.answerMeantNobodyDid = r.typ == "JsonIpcDirectRouteSerializeLocalException" || r.typ == "NullReferenceException" && p.isWeb()
		return r
	}
	if err := json.Unmarshal([]byte(text), &r.value); err != nil {
		p.t.Fatalf("a result that is not understood: %s", text)
	}
	if m, ok := r.value.(map[string]any); ok && m["ok"] == true {
		r.value = m["result"]
	}
	if m, ok := r.value.(map[string]any); ok && m["hex"] == "" { // how the control protocol shows an answer of no bytes
		r.failed, r.answerMeantNobodyDid = true, true
	}
	return r
}

// sameResult says how a command of ours ended otherwise than .NET's.
func (p *recPlay) sameResult(want recResult, r *recRun) error {
	for _, o := range p.odd {
		if o.gave == "" || !strings.Contains(want.text, o.gave) || o.do != "" && o.do != r.do {
			continue
		}
		if got := recPlain(r.value); r.err == nil && reflect.DeepEqual(got, recPlain(json.RawMessage(o.ours))) || r.err != nil && o.ours != "" && strings.Contains(r.err.Error(), o.ours) {
			o.shown = true
			return nil
		}
	}
	if want.failed != (r.err != nil) {
		return fmt.Errorf("gave %v, %v", recPlain(r.value), r.err)
	}
	if want.failed {
		return want.sameError(r.err)
	}
	got := recPlain(r.value)
	if m, ok := want.value.(map[string]any); ok && m["headers"] != nil {
		delete(m, "headers") // they were compared as frames
	}
	if !reflect.DeepEqual(got, want.value) {
		return fmt.Errorf("gave %v", got)
	}
	return nil
}

// recPlain is a value as JSON has it.
func recPlain(v any) (plain any) {
	doc, err := json.Marshal(v)
	if err != nil || json.Unmarshal(doc, &plain) != nil {
		return err
	}
	return plain
}

// sameError says that an error of ours means something else than .NET's exception.
func (r *recResult) sameError(err error) error {
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		return fmt.Errorf("gave an error of another kind: %v", err)
	}
	x, thrown := errors.AsType[*campus.Exception](err)
	is := func(ran bellpull.Executed, codes ...bellpull.Code) bool {
		for _, c := range codes {
			if e.Code == c && e.Ran == ran {
				return true
			}
		}
		return false
	}
	right := false
	switch {
	case r.timeout:
		right = e.Code == bellpull.CodeCanceled // the player gives up where .NET's time was over
	case r.typ == "IpcPeerConnectionBrokenException":
		right = is(bellpull.Never, bellpull.CodeClosed, bellpull.CodeUnavailable, bellpull.CodeDeadline)
	case r.connectionWasBroken:
		right = is(bellpull.Maybe, bellpull.CodeUnavailable)
	case r.inner == "ArgumentException":
		right = is(bellpull.Never, bellpull.CodeTooLarge)
	case r.typ == "JsonIpcDirectRoutedCanNotFindRequestHandlerException":
		right = is(bellpull.Never, bellpull.CodeNoMethod)
	case r.typ == "JsonIpcDirectRoutedHandleRequestRemoteException":
		right = thrown && x.Type == r.remote && is(bellpull.Yes, bellpull.CodeFailed)
	case r.answerMeantNobodyDid:
		right = is(bellpull.Maybe, bellpull.CodeFailed)
	case r.unhandled:
		right = is(bellpull.Maybe, bellpull.CodeNoMethod, bellpull.CodeBadArgument) || is(bellpull.Yes, bellpull.CodeBadArgument)
	case r.typ == "JsonException": // of the caller
		right = is(bellpull.Yes, bellpull.CodeBadArgument)
	case r.typ == "IpcInvokingException":
		right = thrown && strings.Contains(r.message, x.Type) && is(bellpull.Yes, bellpull.CodeFailed)
	default:
		right = thrown && (x.Type == "System."+r.typ || x.Type == "") && is(bellpull.Yes, bellpull.CodeFailed)
	}
	if !right {
		return fmt.Errorf("gave %v (%v, %v)", err, e.Code, e.Ran)
	}
	return nil
}
