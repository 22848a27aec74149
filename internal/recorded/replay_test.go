package recorded

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// silent are the sessions in which nobody writes a frame.
var silent = []string{
	"handshake-verify-timeout",  // a client that says nothing
	"probe-client-http-refused", // the upgrade is refused
}

// want are the sums over all sessions. They change only when the archive or the table of flaws does.
var want = Report{Streams: 315, Bytes: 1338651, Messages: 90, Frames: 2913, Packages: 2172, Exact: 514, ByValue: 132, Opaque: 72, Flawed: 23, Tails: 5, Datagrams: 7}

func TestReplay(t *testing.T) {
	sessions, err := Sessions()
	if err != nil {
		t.Fatal(err)
	}
	var total Report
	for _, s := range sessions {
		t.Run(s.Name, func(t *testing.T) {
			r, err := Replay(s)
			if err != nil {
				t.Error(err)
			}
			if (r.Frames == 0) != slices.Contains(silent, s.Name) {
				t.Errorf("%d frames", r.Frames)
			}
			if sum := r.Packages + r.Exact + r.ByValue + r.Opaque + r.Flawed; sum != r.Frames {
				t.Errorf("%d of %d frames are equal", sum, r.Frames)
			}
			total.Add(r)
		})
	}
	t.Logf("%d sessions: %+v", len(sessions), total)
	if len(sessions) != 136 || total != want {
		t.Errorf("136 sessions with %+v wanted", want)
	}
}

// TestGenerations guards that the sessions of each generation are read as such.
func TestGenerations(t *testing.T) {
	for _, c := range []struct {
		session string
		a, b    dmtpwire.Generation
	}{
		{"rpc-json", dmtpwire.G42, dmtpwire.G42},
		{"v319-rpc", dmtpwire.G3, dmtpwire.G3},
		{"v407-rpc", dmtpwire.G40, dmtpwire.G40},
		{"mixed-319-dials", dmtpwire.G3, dmtpwire.G42},
		{"mixed-319-serves", dmtpwire.G42, dmtpwire.G3},
		{"mixed-407-dials", dmtpwire.G40, dmtpwire.G42},
		{"mixed-407-serves", dmtpwire.G42, dmtpwire.G40},
	} {
		s, err := Load(c.session)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := s.generation(A), s.generation(B); a != c.a || b != c.b {
			t.Errorf("%s: %v and %v, want %v and %v", c.session, a, b, c.a, c.b)
		}
	}
	if _, err := Load("no such"); !errors.Is(err, ErrNoSession) {
		t.Errorf("got %v", err)
	}
}

// TestReplayNotices breaks sessions and wants the replay to say so.
func TestReplayNotices(t *testing.T) {
	for _, c := range []struct {
		name, session, want string
		spoil               func(s *Session)
	}{
		{"a flaw that does not show", "probe-bad-magic", "did not show", func(s *Session) {
			spoil(s, func(b []byte) { b[1] = 'm' }, "6478000500000000")
		}},
		{"another flaw than the table says", "probe-bad-magic", "want wrong magic", func(s *Session) {
			spoil(s, func(b []byte) { b[1], b[4] = 'm', 0xff }, "6478000500000000")
		}},
		{"a stream that ends inside a frame", "ping", "ends inside a frame", func(s *Session) {
			last := lastChunk(s)
			last.Bytes = last.Bytes[:len(last.Bytes)-1]
		}},
		{"a magic that is wrong", "ping", "wrong magic", func(s *Session) { lastChunk(s).Bytes[1]++ }},
		{"JSON that .NET does not write", "ping", "other bytes", func(s *Session) { lastChunk(s).Bytes[9] = ' ' }},
		{"a package that is cut", "probe-binary", "ends too early", func(s *Session) {
			spoil(s, func(b []byte) { b[9] = 3 }, "646d00080000001009ffff000300000001ffff0041000000")
		}},
		{"a web socket frame that is cut", "ws-basics", "web socket", func(s *Session) {
			last := lastChunk(s)
			last.Bytes = last.Bytes[:len(last.Bytes)-1]
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Load(c.session)
			if err != nil {
				t.Fatal(err)
			}
			c.spoil(&s)
			if _, err := Replay(s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func lastChunk(s *Session) *Chunk {
	for i := len(s.Chunks) - 1; ; i-- {
		if len(s.Chunks[i].Bytes) > 0 {
			return &s.Chunks[i]
		}
	}
}

// spoil changes the chunk that has these bytes.
func spoil(s *Session, change func(b []byte), bytes string) {
	for _, c := range s.Chunks {
		if hex.EncodeToString(c.Bytes) == bytes {
			change(c.Bytes)
			return
		}
	}
	panic("no such chunk in " + s.Name)
}
