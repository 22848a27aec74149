package recorded

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bellpull/bellpull/internal/campuswire"
)

// A CampusReport counts what a replay of dotnetCampus.Ipc found.
type CampusReport struct {
	Session       string
	Streams       int // pipes to which something was written
	Bytes         int
	Frames        int // whole frames; the sum of the six counts that follow
	Registrations int
	Opaque        int // bytes without a structure: plain messages, what is behind a raw-byte route, discarded frames
	Unhandled     int // answers without body
	Exact         int // JSON that encodes to the same bytes
	ByValue       int // JSON in another writing than .NET's, that encodes to the same value
	Flawed        int // frames that the table of flaws names, each with the error that it must give
	Tails         int // streams that end in what the table of flaws names and what is no whole frame
}

// Add adds the counts of another report.
func (r *CampusReport) Add(o CampusReport) {
	r.Streams += o.Streams
	r.Bytes += o.Bytes
	r.Frames += o.Frames
	r.Registrations += o.Registrations
	r.Opaque += o.Opaque
	r.Unhandled += o.Unhandled
	r.Exact += o.Exact
	r.ByValue += o.ByValue
	r.Flawed += o.Flawed
	r.Tails += o.Tails
}

// ReplayCampus takes a session apart, frame by frame, at once, one byte at a time and as it came, decodes every frame and
// encodes it again. The whole frame must give the same bytes, JSON too when a .NET process wrote it, else the same
// value. The error joins everything that does not hold.
func ReplayCampus(s CampusSession) (CampusReport, error) {
	p := campusPlayer{
		s:      &s,
		judge:  judge{session: s.Name, table: campusFlaws},
		report: CampusReport{Session: s.Name},
		pipes:  map[Pipe]*campusPipe{},
		decoder: campusDecoder{
			web:    strings.HasPrefix(s.Name, "mvc"),
			asked:  map[campusAsked]speech{},
			styles: map[Side]campuswire.Dialect{A: s.Dialect(A), B: s.Dialect(B)},
		},
	}
	for _, x := range s.Steps {
		if len(x.Bytes) > 0 {
			p.came(x)
		}
	}
	for _, x := range s.Streams() {
		p.stream(x)
	}
	return p.report, p.verdict()
}

type campusPlayer struct {
	judge
	s       *CampusSession
	report  CampusReport
	decoder campusDecoder
	pipes   map[Pipe]*campusPipe
}

// A campusPipe is a pipe while its bytes come.
type campusPipe struct {
	rest   []byte
	frames int
	bad    bool // framing was violated; nothing behind it is looked at
}

// came takes the bytes of a step and judges the frames that are now whole.
func (p *campusPlayer) came(x Step) {
	pipe := p.pipes[x.Pipe]
	if pipe == nil {
		pipe = new(campusPipe)
		p.pipes[x.Pipe] = pipe
	}
	if pipe.bad {
		return
	}
	frames, rest, err := CampusFrames(append(pipe.rest, x.Bytes...), true)
	pipe.rest, pipe.bad = rest, err != nil
	for _, f := range frames {
		p.frame(x.Pipe, pipe.frames, f)
		pipe.frames++
	}
}

func (p *campusPlayer) frame(pipe Pipe, index int, f CampusFrame) {
	p.report.Frames++
	o, err := p.decoder.again(pipe.From, f)
	if err == nil && o == valued && p.s.Dotnet(pipe.From) {
		err = errDifferent
	}
	if err != nil {
		if p.flaw(pipe.N, pipe.From, frame, index, err) {
			p.report.Flawed++
		}
		return
	}
	switch o {
	case registered:
		p.report.Registrations++
	case unread:
		p.report.Opaque++
	case unhandled:
		p.report.Unhandled++
	case documented:
		p.report.Exact++
	default:
		p.report.ByValue++
	}
}

// stream compares what was found in the bytes of a pipe in the three ways in which they may come.
func (p *campusPlayer) stream(x PipeStream) {
	if len(x.Data) == 0 {
		return
	}
	p.report.Streams++
	p.report.Bytes += len(x.Data)
	frames, rest, err := CampusFrames(x.Data, true)
	slow, slowRest, slowErr := CampusFrames(x.Data, false)
	diff := sameCampus(frames, slow)
	if n := p.pipes[x.Pipe].frames; n != len(frames) {
		diff = errors.Join(diff, fmt.Errorf("%d frames at once, %d as they came", len(frames), n))
	}
	if diff != nil || len(rest) != len(slowRest) || (err == nil) != (slowErr == nil) {
		p.errs = append(p.errs, fmt.Errorf("recorded: %s: pipe %v: %w", p.s.Name, x.Pipe, errors.Join(diff, err, slowErr)))
	}
	if err == nil && len(rest) > 0 {
		err = errTail
	}
	if err != nil && p.flaw(x.Pipe.N, x.Pipe.From, tail, len(frames), err) {
		p.report.Tails++
	}
}
