package campuswire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Times as .NET has them in JSON. Its clock has steps of 100 ns.
const tick = 100 * time.Nanosecond

// The forms of a DateTime: with its offset, as a DateTime of unknown kind has it, and what Newtonsoft makes of either on
// receipt in the text of a remote object (section 6.7).
const (
	dateTimeOffset  = "2006-01-02T15:04:05.9999999Z07:00"
	dateTimeUnknown = "2006-01-02T15:04:05.9999999"
	dateTimeMangled = "01/02/2006 15:04:05"
)

// FormatDateTime gives a time as .NET writes a DateTime: ISO 8601 with at most seven digits behind the second. All
// dialects write and read it. encoding/json writes a [time.Time] the same, with two digits more where it has them.
func FormatDateTime(t time.Time) string { return t.Truncate(tick).Format(dateTimeOffset) }

// ParseDateTime reads what .NET writes for a DateTime: ISO 8601 with an offset, or without one, which is then a time at
// loc; and the text that a Newtonsoft peer turns such a text into, where no offset and no fraction are left either. Go
// reads the first of the three alone.
func ParseDateTime(s string, loc *time.Location) (time.Time, error) {
	for _, form := range [...]string{dateTimeOffset, dateTimeUnknown, dateTimeMangled} {
		if t, err := time.ParseInLocation(form, s, loc); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("campus: no DateTime: %.64q", s)
}

// A TimeSpan is a duration that is written as .NET writes a TimeSpan, "c" in its words: [-][d.]hh:mm:ss[.fffffff].
// A [time.Duration] is a number to encoding/json.
type TimeSpan time.Duration

// errTimeSpan is the error of a text that is no TimeSpan, or beyond the range of a [time.Duration], 292 years.
var errTimeSpan = errors.New("no TimeSpan")

// MarshalText gives the text; what is below a step of .NET's clock is cut off.
func (s TimeSpan) MarshalText() ([]byte, error) {
	d := time.Duration(s).Truncate(tick)
	var b []byte
	u := uint64(d)
	if d < 0 {
		b, u = append(b, '-'), -u
	}
	const hour, day = uint64(time.Hour), 24 * uint64(time.Hour)
	if u >= day {
		b = append(strconv.AppendUint(b, u/day, 10), '.')
	}
	b = fmt.Appendf(b, "%02d:%02d:%02d", u%day/hour, u%hour/uint64(time.Minute), u%uint64(time.Minute)/uint64(time.Second))
	if f := u % uint64(time.Second); f > 0 {
		b = fmt.Appendf(b, ".%07d", f/uint64(tick))
	}
	return b, nil
}

// UnmarshalText reads such a text.
func (s *TimeSpan) UnmarshalText(text []byte) error {
	d, err := parseTimeSpan(string(text))
	if err != nil {
		return fmt.Errorf("campus: %w: %.64q", err, text)
	}
	*s = TimeSpan(d)
	return nil
}

func parseTimeSpan(s string) (time.Duration, error) {
	s, negative := strings.CutPrefix(s, "-")
	clock := strings.Split(s, ":")
	if len(clock) != 3 {
		return 0, errTimeSpan
	}
	days, hours, ok := strings.Cut(clock[0], ".")
	if !ok {
		days, hours = "0", clock[0]
	}
	seconds, fraction, _ := strings.Cut(clock[2], ".")
	if len(fraction) > 7 {
		return 0, errTimeSpan
	}
	fraction += "0000000"[len(fraction):]
	var total uint64
	for _, part := range [...]struct {
		text   string
		digits int
		below  uint64
		unit   time.Duration
	}{
		{days, 8, 10675200, 24 * time.Hour}, // 1<<63 steps
		{hours, 2, 24, time.Hour},
		{clock[1], 2, 60, time.Minute},
		{seconds, 2, 60, time.Second},
		{fraction, 7, 10_000_000, tick},
	} {
		n, err := strconv.ParseUint(part.text, 10, 32)
		if err != nil || n >= part.below || len(part.text) > part.digits {
			return 0, errTimeSpan
		}
		if total += n * uint64(part.unit); n > 1<<63/uint64(part.unit) || total > 1<<63-1 {
			return 0, errTimeSpan
		}
	}
	if negative {
		return -time.Duration(total), nil
	}
	return time.Duration(total), nil
}
