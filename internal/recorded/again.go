package recorded

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// kind is what a frame turned out to be.
type kind int

const (
	opaque kind = iota // a user frame, or one of the unassigned kernel flags
	text               // JSON, or the bare text of a close before 4.2
	packed             // a package
)

// Differences between a body and what it encodes to.
var (
	errTrailing  = errors.New("bytes behind the last field")
	errDifferent = errors.New("encodes to other bytes")
	errValue     = errors.New("encodes to another value")
	// errRequest: before 4.2, the answer to a call that could not be routed has the layout of the call. It was
	// decoded as one and came out the same.
	errRequest = errors.New("answer in the layout of the request")
)

// again decodes the body of a frame and encodes it again. The error is one of the codec or of those above.
// exact tells whether JSON came out byte by byte in the writing of .NET.
func again(g dmtpwire.Generation, f Frame) (k kind, exact bool, err error) {
	switch {
	case f.Flags == dmtpwire.FlagClose && g != dmtpwire.G42:
		_, err = dmtpwire.ParseCloseText(f.Body)
		return text, err == nil, err
	case f.Flags.JSON():
		exact, err = message(f)
		return text, exact, err
	}
	out, known, err := encode(g, f.Flags, f.Body)
	switch {
	case !known:
		return opaque, true, nil
	case err != nil:
		if g != dmtpwire.G42 && f.Flags == dmtpwire.FlagCallResponse {
			if out, _, err := encode(g, dmtpwire.FlagCallRequest, f.Body); err == nil && bytes.Equal(out, f.Body) {
				return packed, false, errRequest
			}
		}
		return packed, false, err
	case bytes.Equal(out, f.Body):
		return packed, true, nil
	case len(out) < len(f.Body) && bytes.Equal(out, f.Body[:len(out)]):
		return packed, false, errTrailing
	}
	return packed, false, fmt.Errorf("%w: %x", errDifferent, out)
}

// encode decodes a package and encodes it again.
func encode(g dmtpwire.Generation, f dmtpwire.Flags, body []byte) (out []byte, known bool, err error) {
	switch f {
	case dmtpwire.FlagChannelRequest, dmtpwire.FlagChannelResponse:
		out, err = twice(body, g.ParseCreateChannel, g.AppendCreateChannel)
	case dmtpwire.FlagChannelPackage:
		out, err = twice(body, g.ParseChannelPackage, g.AppendChannelPackage)
	case dmtpwire.FlagCallRequest:
		out, err = twice(body, g.ParseRequest, func(b []byte, q *dmtpwire.Request) (_ []byte, err error) {
			if q.Params, err = params(g, q.Serialization, int(q.Count), q.Params); err != nil {
				return b, err
			}
			return g.AppendRequest(b, q)
		})
	case dmtpwire.FlagCallResponse:
		out, err = twice(body, g.ParseResponse, func(b []byte, p *dmtpwire.Response) (_ []byte, err error) {
			if p.Return, err = params(g, p.Serialization, 1, p.Return); err != nil {
				return b, err
			}
			return g.AppendResponse(b, p)
		})
	case dmtpwire.FlagCallCancel:
		out, err = twice(body, g.ParseCancel, g.AppendCancel)
	case dmtpwire.FlagCacheRequest:
		out, err = twice(body, g.ParseCacheRequest, g.AppendCacheRequest)
	case dmtpwire.FlagCacheResponse:
		out, err = twice(body, g.ParseCacheResponse, g.AppendCacheResponse)
	case dmtpwire.FlagPullInfoRequest, dmtpwire.FlagPullInfoResponse, dmtpwire.FlagPushInfoRequest, dmtpwire.FlagPushInfoResponse:
		out, err = twice(body, g.ParseFileInfo, g.AppendFileInfo)
	case dmtpwire.FlagPullSectionRequest, dmtpwire.FlagPullSectionResponse, dmtpwire.FlagPushSectionRequest, dmtpwire.FlagPushSectionResponse:
		out, err = twice(body, g.ParseFileSection, g.AppendFileSection)
	case dmtpwire.FlagFinishedRequest, dmtpwire.FlagFinishedResponse:
		out, err = twice(body, g.ParseFileFinished, g.AppendFileFinished)
	case dmtpwire.FlagPullSmallRequest, dmtpwire.FlagPullSmallResponse, dmtpwire.FlagPushSmallRequest, dmtpwire.FlagPushSmallResponse:
		out, err = twice(body, g.ParseSmallFile, g.AppendSmallFile)
	default:
		return nil, false, nil
	}
	return out, true, err
}

func twice[P any](body []byte, parse func([]byte, *P) error, add func([]byte, *P) ([]byte, error)) ([]byte, error) {
	var p P
	if err := parse(body, &p); err != nil {
		return nil, err
	}
	return add(nil, &p)
}

// params decodes and encodes the containers of arguments or a result.
func params(g dmtpwire.Generation, s dmtpwire.Serialization, count int, b []byte) (out []byte, err error) {
	if s != dmtpwire.JSON && s != dmtpwire.XML && s != dmtpwire.SystemBinary {
		return b, nil // only the types say where an argument ends
	}
	out = []byte{}
	for range count {
		var value []byte
		if value, _, b, err = g.NextParam(s, b); err != nil {
			return nil, err
		}
		if out, err = g.AppendParam(out, s, value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// A jsonMessage is a kernel message.
type jsonMessage interface {
	AppendJSON(b []byte, style dmtpwire.JSONStyle) []byte
}

func parseMessage(f dmtpwire.Flags, body []byte) (jsonMessage, error) {
	switch f {
	case dmtpwire.FlagVerifyRequest, dmtpwire.FlagVerifyResponse:
		m := new(dmtpwire.WaitVerify)
		return m, dmtpwire.ParseWaitVerify(body, m)
	case dmtpwire.FlagResetIDRequest, dmtpwire.FlagResetIDResponse:
		m := new(dmtpwire.WaitSetID)
		return m, dmtpwire.ParseWaitSetID(body, m)
	case dmtpwire.FlagPingRequest, dmtpwire.FlagPingResponse:
		m := new(dmtpwire.WaitPing)
		return m, dmtpwire.ParseWaitPing(body, m)
	default:
		m := new(dmtpwire.WaitClose)
		return m, dmtpwire.ParseWaitClose(body, m)
	}
}

// message decodes a kernel message, encodes it in both styles, and decodes these.
func message(f Frame) (exact bool, err error) {
	m, err := parseMessage(f.Flags, f.Body)
	if err != nil {
		return false, err
	}
	for _, style := range []dmtpwire.JSONStyle{dmtpwire.Compact, dmtpwire.Indented} {
		out := m.AppendJSON(nil, style)
		n, err := parseMessage(f.Flags, out)
		if err != nil {
			return false, err
		}
		if !reflect.DeepEqual(m, n) {
			return false, fmt.Errorf("%w: %s", errValue, out)
		}
		exact = exact || bytes.Equal(out, f.Body)
	}
	return exact, nil
}
