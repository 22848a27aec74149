package recorded

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/campuswire"
)

// wantCampus are the sums over all sessions. They change only when the archive or the table of flaws does.
var wantCampus = CampusReport{Streams: 132, Bytes: 84026703, Frames: 878, Registrations: 132, Opaque: 160, Unhandled: 40, Exact: 475, ByValue: 32, Flawed: 39, Tails: 1}

func TestReplayCampus(t *testing.T) {
	sessions, err := CampusSessions()
	if err != nil {
		t.Fatal(err)
	}
	var total CampusReport
	for _, s := range sessions {
		t.Run(s.Name, func(t *testing.T) {
			r, err := ReplayCampus(s)
			if err != nil {
				t.Error(err)
			}
			for _, side := range []Side{A, B} {
				if !slices.ContainsFunc(s.Streams(), func(x PipeStream) bool { return x.Pipe.From == side && len(x.Data) > 0 }) {
					t.Errorf("nothing of side %s", side)
				}
			}
			if sum := r.Registrations + r.Opaque + r.Unhandled + r.Exact + r.ByValue + r.Flawed; sum != r.Frames || r.Frames == 0 {
				t.Errorf("%d of %d frames are equal", sum, r.Frames)
			}
			total.Add(r)
		})
	}
	t.Logf("%d sessions: %+v", len(sessions), total)
	if len(sessions) != 54 || total != wantCampus {
		t.Errorf("54 sessions with %+v wanted", wantCampus)
	}
}

// TestCampusCodecRefusesWhatDotnetDid compares, request by request, what the codec says to JSON that .NET would not
// write with what .NET answered.
func TestCampusCodecRefusesWhatDotnetDid(t *testing.T) {
	for _, c := range []struct {
		session string
		refused int
		// excused are requests that the codec understands and .NET answers with nothing for another reason.
		excused []string
	}{
		{"objects-odd", 11, []string{`"t":"No.Such"`, `"t":"bellpull.peers.icalculator"`}},
		{"mvc-odd", 11, nil},
	} {
		s, err := LoadCampus(c.session)
		if err != nil {
			t.Fatal(err)
		}
		answers := map[uint64][]byte{}
		var requests []campuswire.Envelope
		for _, x := range s.Streams() {
			frames, _, err := CampusFrames(x.Data, true)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range frames {
				switch f.Kind() {
				case campuswire.KindRequest:
					e, err := campuswire.ParseRequest(f.Content)
					if err != nil {
						t.Fatal(err)
					}
					requests = append(requests, e)
				case campuswire.KindResponse:
					e, err := campuswire.ParseResponse(f.Content)
					if err != nil {
						t.Fatal(err)
					}
					answers[e.ID] = e.Body
				}
			}
		}
		refused := 0
		for _, e := range requests {
			answer, ok := answers[e.ID]
			if !ok {
				t.Errorf("%s: request %d was not answered", c.session, e.ID)
			}
			var err error
			if doc, ok := campuswire.BusinessObject.Strip(e.Body); ok {
				err = campuswire.ParseInvocation(doc, new(campuswire.Invocation))
			} else {
				err = campuswire.ParseHTTPRequest(e.Body, new(campuswire.HTTPRequest))
			}
			if err != nil {
				refused++
			}
			excused := slices.ContainsFunc(c.excused, func(part string) bool { return strings.Contains(string(e.Body), part) })
			if (err != nil) != (len(answer) == 0) != excused {
				t.Errorf("%s: %q\ncodec: %v\n.NET:  %.100q", c.session, e.Body, err, answer)
			}
		}
		if refused != c.refused {
			t.Errorf("%s: %d requests refused, want %d", c.session, refused, c.refused)
		}
	}
}

// TestCampusSessions guards how sessions are read.
func TestCampusSessions(t *testing.T) {
	s, err := LoadCampus("notify-limit")
	if err != nil {
		t.Fatal(err)
	}
	if x := s.Streams()[0]; x.Pipe != (Pipe{A, "b", 1}) || !x.EOF || x.Pipe.String() != "a>b 1" || len(x.Data) < 2*campuswire.MaxContent {
		t.Errorf("pipe %v with %d bytes", x.Pipe, len(x.Data))
	}
	for i, want := range []byte{5, 36, 67} {
		if got := pattern(1000, 5)[i]; got != want {
			t.Errorf("byte %d of the pattern is %d", i, got)
		}
	}
	if got := pattern(1000, 5)[256]; got != 12 { // 5 + 256*31 + 7
		t.Errorf("byte 256 of the pattern is %d", got)
	}
	for _, c := range []struct {
		session string
		side    Side
		dotnet  bool
		dialect campuswire.Dialect
	}{
		{"json-mixed", A, true, campuswire.STJ},
		{"json-mixed", B, true, campuswire.Newtonsoft},
		{"json-camel", B, true, campuswire.Camel},
		{"json-stjctx", B, true, campuswire.STJ},
		{"json-odd", A, false, campuswire.STJ},
		{"json-odd", B, true, campuswire.STJ},
		{"spec-vectors", A, true, campuswire.STJ},
	} {
		s, err := LoadCampus(c.session)
		if err != nil {
			t.Fatal(err)
		}
		if s.Dotnet(c.side) != c.dotnet || s.Dialect(c.side) != c.dialect {
			t.Errorf("%s: side %s: %v, %+v", c.session, c.side, s.Dotnet(c.side), s.Dialect(c.side))
		}
	}
	if _, err := LoadCampus("no such"); !errors.Is(err, ErrNoSession) {
		t.Errorf("got %v", err)
	}
	if _, err := parseCampus([]byte(`{"session":"x"}` + "\n" + `{"conn":"a>b","hex":"00","reverse":true}`)); err == nil {
		t.Error("bytes against the direction of a pipe")
	}
}

// TestReplayCampusNotices breaks sessions and wants the replay to say so.
func TestReplayCampusNotices(t *testing.T) {
	const echo = `{"Value":"plain","Seen":1}`
	for _, c := range []struct {
		name, session, want string
		old, new            string // in the bytes of one step
	}{
		{"a flaw that does not show", "returns-odd", "did not show", "nope", "{}  "},
		{"another flaw than the table says", "objects-odd", "want blank", `"m":""`, `"m":1 `},
		{"a magic that is wrong", "notify", "wrong magic", "\x0d\x00dotnet", "\x0d\x00dotNet"},
		{"a stream that ends inside a frame", "raw-routes", "ends inside a frame", "echo:\xff", "echo:"},
		{"a header that nobody writes", "notify", "another header", "campus\x01\x00\x00\x00\x03", "campus\x02\x00\x00\x00\x03"},
		{"a name with bytes behind it", "notify", "other bytes", "\x05\x00\x00\x00", "\x04\x00\x00\x00"},
		{"an envelope that is too long", "json-stj", "beyond the end", "Response", "Response\x00\x00\x00\x00\x00\x00\x00\x00\xff\x00\x00\x00"},
		{"JSON that .NET does not write", "json-stj", "other bytes", echo, `{"Value":"plai" ,"Seen":1}`},
		{"an answer that is no object", "json-stj", "must be an object", echo, `["alue","plain","Seen",1 ]`},
		{"escapes of the other engine", "json-stj", "other bytes", `\u00F6`, `\u00f6`},
		{"an answer without byte order mark", "json-newtonsoft", "other bytes", "\xef\xbb\xbf", "   "},
		{"members in another order", "objects-stj", "other bytes", `{"r":{"i":"","t":null,"v":3},"e":null}`, `{"e":null,"r":{"i":"","t":null,"v":3}}`},
		{"a member id that is no number", "objects-stj", "wrong JSON type", `4212367674473054951`, `"21236767447305495"`},
		{"HTTP without a version", "mvc", "invalid value", `"Version":"1.1"`, `"Version":"1.."`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := LoadCampus(c.session)
			if err != nil {
				t.Fatal(err)
			}
			if !spoilCampus(&s, c.old, c.new) {
				t.Fatalf("no %q in %s", c.old, c.session)
			}
			if _, err := ReplayCampus(s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// spoilCampus changes the first step whose bytes hold old.
func spoilCampus(s *CampusSession, old, new string) bool {
	for i := range s.Steps {
		if b := string(s.Steps[i].Bytes); strings.Contains(b, old) {
			s.Steps[i].Bytes = []byte(strings.Replace(b, old, new, 1))
			return true
		}
	}
	return false
}
