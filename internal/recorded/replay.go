package recorded

import (
	"errors"
	"fmt"
)

// A Report counts what a replay found.
type Report struct {
	Session   string
	Streams   int
	Bytes     int // of DMTP, out of the transport
	Messages  int // of WebSocket
	Frames    int // whole frames; the sum of the five counts that follow
	Packages  int // binary packages that encode to the same bytes
	Exact     int // kernel messages that encode to the same bytes
	ByValue   int // kernel messages in another writing than .NET's, that encode to the same value
	Opaque    int // user frames and unassigned kernel flags
	Flawed    int // frames that the table of flaws names, each with the error that it must give
	Tails     int // streams that end in what the table of flaws names and what is no whole frame
	Datagrams int // datagrams that are pieces of frames or hold none, as the table says
}

// Add adds the counts of another report.
func (r *Report) Add(o Report) {
	r.Streams += o.Streams
	r.Bytes += o.Bytes
	r.Messages += o.Messages
	r.Frames += o.Frames
	r.Packages += o.Packages
	r.Exact += o.Exact
	r.ByValue += o.ByValue
	r.Opaque += o.Opaque
	r.Flawed += o.Flawed
	r.Tails += o.Tails
	r.Datagrams += o.Datagrams
}

// Replay takes a session apart, frame by frame, at once and one byte at a time, decodes every frame and encodes it
// again. A binary package must give the same bytes; a kernel message too when a .NET process wrote it, else the same
// value. The error joins everything that does not hold.
func Replay(s Session) (Report, error) {
	p := player{s: &s, judge: judge{session: s.Name, table: flaws}, report: Report{Session: s.Name}}
	streams, err := s.Streams()
	if err != nil {
		return p.report, err
	}
	p.report.Streams = len(streams)
	for i := range streams {
		p.stream(&streams[i])
	}
	return p.report, p.verdict()
}

type player struct {
	judge
	s      *Session
	report Report
}

func (p *player) stream(x *Stream) {
	p.report.Bytes += len(x.Data)
	if p.s.Transport == "ws" {
		p.report.Messages += len(x.Cuts)
	}
	var frames []Frame
	if p.s.Transport == "udp" {
		frames = Datagrams(x.Data, x.Cuts, func(i int, _ []byte, err error) {
			if p.flaw(x.Conn, x.Side, datagram, i, err) {
				p.report.Datagrams++
			}
		})
	} else {
		var rest []byte
		var err error
		frames, rest, err = Frames(x.Data, true)
		slow, slowRest, slowErr := Frames(x.Data, false)
		if diff := same(frames, slow); diff != nil || len(rest) != len(slowRest) || (err == nil) != (slowErr == nil) {
			p.errs = append(p.errs, fmt.Errorf("recorded: %s: connection %d, side %s: %w", p.s.Name, x.Conn, x.Side, errors.Join(diff, err, slowErr)))
		}
		if err == nil && len(rest) > 0 {
			err = errTail
		}
		if err != nil && p.flaw(x.Conn, x.Side, tail, len(frames), err) {
			p.report.Tails++
		}
	}
	for i, f := range frames {
		p.report.Frames++
		k, exact, err := again(x.Generation, f)
		switch {
		case err != nil || k == text && !exact && x.Dotnet:
			if err == nil {
				err = errDifferent
			}
			if p.flaw(x.Conn, x.Side, frame, i, err) {
				p.report.Flawed++
			}
		case k == opaque:
			p.report.Opaque++
		case k == packed:
			p.report.Packages++
		case exact:
			p.report.Exact++
		default:
			p.report.ByValue++
		}
	}
}
