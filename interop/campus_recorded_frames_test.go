package interop_test

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bellpull/bellpull/internal/campuswire"
	"github.com/bellpull/bellpull/internal/recorded"
)

// write has the script write what its process wrote.
func (p *recPlay) write(x recorded.Step) {
	p.t.Helper()
	c := p.pipes[x.Pipe]
	frames, rest, err := recorded.CampusFrames(append(c.rest, x.Bytes...), true)
	if err != nil {
		p.t.Fatal(err)
	}
	c.rest = rest
	for _, f := range frames {
		b, ok := p.rewrite(f)
		if !ok {
			continue
		}
		step := len(b)
		if p.mode == "byte by byte" {
			step = 1 + len(b)/2000 // long bodies in pieces: each byte costs a call
		}
		c.SetWriteDeadline(time.Now().Add(dmtpPatience))
		for piece := range slices.Chunk(b, step) {
			if _, err := c.Write(piece); err != nil {
				p.t.Fatalf("%v: %v", x.Pipe, err)
			}
		}
	}
}

// rewrite gives a frame of the script with the numbers and ids that our requests and objects have; not ok when it is
// the answer to a request that we did not make.
func (p *recPlay) rewrite(f recorded.CampusFrame) (frame []byte, ok bool) {
	const header, id = 37, 8
	b := slices.Clone(f.Bytes)
	content := b[header:]
	switch f.Kind() {
	case campuswire.KindResponse:
		theirs := binary.LittleEndian.Uint64(content[id:])
		if p.dropped[theirs] {
			return nil, false
		}
		if ours, ok := p.ids[theirs]; ok {
			binary.LittleEndian.PutUint64(content[id:], ours)
		}
	case campuswire.KindRequest:
		if e, err := campuswire.ParseRequest(content); err == nil {
			p.asked[e.ID] = askOf(e.Body, p.isWeb())
		}
	}
	for theirs, ours := range p.objects {
		if at := strings.Index(string(content), theirs); at >= 0 {
			copy(content[at:], ours)
		}
	}
	return b, true
}

// wrote has our side write what .NET wrote.
func (p *recPlay) wrote(x recorded.Step) {
	p.t.Helper()
	c := p.pipes[x.Pipe]
	frames, rest, err := recorded.CampusFrames(append(c.rest, x.Bytes...), true)
	if err != nil {
		p.t.Fatal(err)
	}
	c.rest = rest
	for range frames {
		w := &p.expect[p.next]
		p.next++
		if w.pipe != x.Pipe {
			p.t.Fatalf("%v: frames of several pipes are mixed up", x.Pipe)
		}
		p.unnoted(w.f.Ack)
		p.await(w)
	}
}

// await reads until we have written the frame. Others that .NET wrote later may come first.
func (p *recPlay) await(w *recWant) {
	p.t.Helper()
	c := p.pipes[w.pipe]
	if p.without(w) {
		return
	}
	for i, f := range c.early {
		if p.matches(w, f) {
			c.early = slices.Delete(c.early, i, i+1)
			p.judge(w, f)
			return
		}
	}
	p.release(w.f)
	for {
		f, err := p.read(c)
		switch {
		case err != nil:
			p.t.Fatalf("%v: waiting for %s: %v", w.pipe, recShow(w.f), err)
		case p.matches(w, f):
			p.judge(w, f)
			return
		case p.extra(f):
		case slices.ContainsFunc(p.expect[p.next:], func(later recWant) bool { return later.pipe == w.pipe && p.matches(&later, f) }):
			c.early = append(c.early, f)
			p.release(f) // another may have taken the token of the one that is awaited
		default:
			p.t.Fatalf("%v: got %s\n.NET wrote %s", w.pipe, recShow(f), recShow(w.f))
		}
	}
}

// release lets a slow handler answer, if the frame is the answer of one.
func (p *recPlay) release(f recorded.CampusFrame) {
	if e, err := campuswire.ParseResponse(f.Content); f.Kind() == campuswire.KindResponse && err == nil && p.asked[e.ID].slow {
		p.app.slow <- struct{}{}
	}
}

// read reads the next frame of ours.
func (p *recPlay) read(c *recPipe) (recorded.CampusFrame, error) {
	const header, length = 37, 33
	c.SetReadDeadline(time.Now().Add(dmtpPatience))
	b := make([]byte, header)
	if _, err := io.ReadFull(c, b); err != nil {
		return recorded.CampusFrame{}, err
	}
	b = append(b, make([]byte, binary.LittleEndian.Uint32(b[length:]))...)
	if _, err := io.ReadFull(c, b[header:]); err != nil {
		return recorded.CampusFrame{}, err
	}
	frames, rest, err := recorded.CampusFrames(b, true)
	if err != nil || len(frames) != 1 || len(rest) > 0 {
		return recorded.CampusFrame{}, errors.Join(err, errors.New("no frame"))
	}
	f := frames[0]
	if f.Version != 1 || f.Reserved != 0 || f.Command != f.Command.Masked() {
		p.t.Errorf("a header that .NET does not write: %+v", f.Frame)
	}
	if f.Ack <= c.ack || p.acks[f.Ack] {
		p.t.Errorf("ack %d behind %d", f.Ack, c.ack)
	}
	if (c.ack == 0) != (f.Kind() == campuswire.KindRegister) {
		p.t.Errorf("%s: a pipe begins with a registration, and has no other", recShow(f))
	}
	c.ack, p.acks[f.Ack] = f.Ack, true
	return f, nil
}

// ended has our side end a pipe, as .NET did, and nothing behind what it wrote.
func (p *recPlay) ended(pipe recorded.Pipe) {
	p.t.Helper()
	c := p.pipes[pipe]
	if len(c.early) > 0 {
		p.t.Errorf("%v: .NET did not write %s", pipe, recShow(c.early[0]))
	}
	for {
		f, err := p.read(c)
		if err == io.EOF {
			break
		}
		if err != nil {
			p.t.Fatalf("%v: not ended: %v", pipe, err)
		}
		if !p.extra(f) {
			p.t.Errorf("%v: at the end %s, which .NET did not write", pipe, recShow(f))
		}
	}
	c.Close()
	delete(p.pipes, pipe)
}
