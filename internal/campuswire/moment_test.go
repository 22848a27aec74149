package campuswire

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

func TestDateTime(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	for _, c := range []struct {
		in   string
		loc  *time.Location
		want time.Time
		back bool // written the same again
	}{
		{"2017-01-17T17:24:12Z", time.Local, time.Date(2017, 1, 17, 17, 24, 12, 0, time.UTC), true},
		{"2017-01-17T17:24:12.1234567+01:00", time.UTC, time.Date(2017, 1, 17, 17, 24, 12, 123456700, berlin), true},
		{"2017-01-17T17:24:12.5+01:00", time.UTC, time.Date(2017, 1, 17, 17, 24, 12, 500000000, berlin), true},
		{"2017-01-17T17:24:12", berlin, time.Date(2017, 1, 17, 17, 24, 12, 0, berlin), false},
		{"2017-01-17T17:24:12.0000001", time.UTC, time.Date(2017, 1, 17, 17, 24, 12, 100, time.UTC), false},
		{"01/17/2017 17:24:12", berlin, time.Date(2017, 1, 17, 17, 24, 12, 0, berlin), false}, // as in objects-dates
		{"0001-01-01T00:00:00", time.UTC, time.Time{}, false},
	} {
		got, err := ParseDateTime(c.in, c.loc)
		if !got.Equal(c.want) || err != nil {
			t.Errorf("%s: %v, %v, want %v", c.in, got, err, c.want)
		}
		if out := FormatDateTime(c.want); (out == c.in) != c.back {
			t.Errorf("%s is written %s", c.in, out)
		}
	}
	if got := FormatDateTime(time.Date(2017, 1, 17, 17, 24, 12, 99, time.UTC)); got != "2017-01-17T17:24:12Z" {
		t.Errorf("below a step: %s", got)
	}
	for _, in := range []string{"", "17.01.2017", "2017-01-17", "2017-13-17T17:24:12Z", strings.Repeat("2", 1000)} {
		if _, err := ParseDateTime(in, time.UTC); err == nil || len(err.Error()) > 120 {
			t.Errorf("%.20s: %v", in, err)
		}
	}
}

func TestTimeSpan(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		text string
	}{
		{0, "00:00:00"},
		{time.Second, "00:00:01"},
		{-time.Second, "-00:00:01"},
		{100 * time.Nanosecond, "00:00:00.0000001"},
		{1500 * time.Millisecond, "00:00:01.5000000"},
		{25*time.Hour + 61*time.Second, "1.01:01:01"},
		{-(49*time.Hour + time.Millisecond), "-2.01:00:00.0010000"},
		{math.MaxInt64 / 100 * 100, "106751.23:47:16.8547758"},
		{math.MinInt64 / 100 * 100, "-106751.23:47:16.8547758"},
	} {
		out, err := json.Marshal(TimeSpan(c.d))
		if string(out) != `"`+c.text+`"` || err != nil {
			t.Errorf("%v: %s, %v, want %s", c.d, out, err, c.text)
		}
		var got TimeSpan
		if err := json.Unmarshal(out, &got); time.Duration(got) != c.d || err != nil {
			t.Errorf("%s: %v, %v", out, time.Duration(got), err)
		}
	}
	var got TimeSpan
	if err := got.UnmarshalText([]byte("1.2:3:4.5")); err != nil || time.Duration(got) != 26*time.Hour+3*time.Minute+4500*time.Millisecond {
		t.Errorf("%v, %v", time.Duration(got), err)
	}
	if out, _ := TimeSpan(99).MarshalText(); string(out) != "00:00:00" {
		t.Errorf("below a step: %s", out)
	}
	for _, in := range []string{"", "1", "00:00", "24:00:00", "00:60:00", "00:00:60", "00:00:00.12345678", "1.1.01:00:00", "--00:00:01", "00:00:-1", ":00:00", "106752.00:00:00", "10675199.02:48:05.4775807", "99999999999.00:00:00", strings.Repeat("0", 300) + ":00:00"} {
		if err := got.UnmarshalText([]byte(in)); err == nil || len(err.Error()) > 120 {
			t.Errorf("%.30s: %v, %v", in, time.Duration(got), err)
		}
	}
}
