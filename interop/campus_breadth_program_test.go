package interop_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// campusTwoPrograms runs f with our program and the other side's, connected by either, both at once.
func campusTwoPrograms(t *testing.T, ourName, theirName string, f func(t *testing.T, own, other *dmtpProc)) {
	for _, weDial := range []bool{true, false} {
		t.Run(map[bool]string{true: "we dial", false: "we are dialled"}[weDial], func(t *testing.T) {
			t.Parallel()
			dir := campusDir(t)
			own, other := campusStart(t, campusOwn, dir, ourName), campusStart(t, campusOther, dir, theirName)
			if weDial {
				own.do("connect", dmtpFields{"to": theirName})
				other.event("connected")
			} else {
				other.do("connect", dmtpFields{"to": ourName})
				own.event("connected")
			}
			f(t, own, other)
		})
	}
}

// TestCampusProgramCarriesTheMost: the longest message and request of a frame, and one byte more, which the control
// protocol calls an ArgumentException inside an IpcRemoteException.
func TestCampusProgramCarriesTheMost(t *testing.T) {
	campusTwoPrograms(t, "ours", "theirs", func(t *testing.T, own, other *dmtpProc) {
		for do, most := range map[string]int{"notify": campusContent, "request": campusBody} {
			own.do(do, dmtpFields{"to": "theirs", "fill": most, "seed": 3})
			event := map[string]string{"notify": "message", "request": "request"}[do]
			if e := other.event(event); !dmtpSameBody(e, dmtpFill(most, 3)) || e.text("from") != "ours" {
				t.Errorf("the longest %s: %v", do, e)
			}
			for _, f := range []dmtpFields{{"fill": most + 1}, {"fill": most - 7, "header": "0x1"}} {
				f["to"] = "theirs"
				_, err := own.try(do, f)
				if e, ok := err.(*dmtpError); !ok || e.Type != "IpcRemoteException" || e.Inner != "ArgumentException" {
					t.Errorf("%s %v: %v", do, f, err)
				}
			}
			got := own.do("request", dmtpFields{"to": "theirs", "fill": 3})
			if want := append([]byte("echo:"), dmtpFill(3, 0)...); !dmtpSameJSON(got, fmt.Appendf(nil, `{"hex":"%x"}`, want)) {
				t.Errorf("behind it: %s", got)
			}
			other.event("request")
		}
	})
}

// TestCampusProgramHasAThousandRequestsInFlight: both ways at once, of programs whose names are of every alphabet.
func TestCampusProgramHasAThousandRequestsInFlight(t *testing.T) {
	const ours, theirs = "uns-grüß 服务 😀", "ñandú-Ж #1?%"
	campusTwoPrograms(t, ours, theirs, func(t *testing.T, own, other *dmtpProc) {
		type asked struct {
			by     *dmtpProc
			value  string
			answer <-chan dmtpAnswer
		}
		var all []asked
		for i := range 1000 {
			for by, to := range map[*dmtpProc]string{own: theirs, other: ours} {
				value := fmt.Sprintf("服 %d", i)
				all = append(all, asked{by, value, by.begin("json_get", dmtpFields{"to": to, "route": "/slow", "json": dmtpFields{"Value": value}})})
			}
		}
		for _, a := range all {
			var v answered
			got, err := a.by.finish("json_get", a.answer)
			if json.Unmarshal(got, &v); err != nil || v.Value != a.value {
				t.Fatalf("%q: %s, %v", a.value, got, err)
			}
		}
		own.do("notify_string", dmtpFields{"to": theirs, "text": "x"})
		if e := other.event("message"); e.text("from") != ours {
			t.Error(e)
		}
		other.do("notify_string", dmtpFields{"to": ours, "text": "x"})
		if e := own.event("message"); e.text("from") != theirs {
			t.Error(e)
		}
	})
}
