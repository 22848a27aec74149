package rivals

import (
	"encoding/binary"
	"net"
	"sync"

	"github.com/bellpull/bellpull/bench/rival"
)

// raw is what everything is compared with: frames over a plain net.Conn on a Unix socket, with one write for each and as
// few reads as the socket allows. A frame is its length, a number and the body.
func raw() rival.Peer {
	return rival.Peer{Facts: rival.Facts{Name: "raw", About: "a plain `net.Conn` on a Unix socket, one write a message"}, Serve: serveRaw,
		Open:   rival.Each(dialRaw),
		Listen: func(addr string) (net.Listener, error) { return net.Listen("unix", addr) },
		Dial:   func(addr string) (net.Conn, error) { return net.Dial("unix", addr) },
	}
}

const (
	rawHead   = 8
	rawNotify = 1<<32 - 1 // the number of a frame that wants no answer
)

func appendFrame(dst []byte, number uint32, body []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(body)))
	dst = binary.LittleEndian.AppendUint32(dst, number)
	return append(dst, body...)
}

// frames reads frames from a connection.
type frames struct {
	c        net.Conn
	buf      []byte
	from, to int // what has been read and not given out
}

func newFrames(c net.Conn) *frames { return &frames{c: c, buf: make([]byte, 4<<10)} }

// next gives a whole frame, valid until the next one. The buffer grows with what comes at once, to 64 KiB, and for a frame
// that is larger.
func (f *frames) next() (frame []byte, err error) {
	for {
		need := rawHead
		if f.to-f.from >= rawHead {
			need += int(binary.LittleEndian.Uint32(f.buf[f.from:]))
		}
		if f.to-f.from >= need {
			frame = f.buf[f.from : f.from+need]
			f.from += need
			return frame, nil
		}
		if f.from == f.to {
			f.from, f.to = 0, 0
		}
		if f.from > 0 && f.from+need > len(f.buf) || f.to == len(f.buf) {
			f.to = copy(f.buf, f.buf[f.from:f.to])
			f.from = 0
		}
		if need > len(f.buf) || f.to == len(f.buf) {
			f.buf = append(make([]byte, 0, max(need, 2*len(f.buf))), f.buf[:f.to]...)
			f.buf = f.buf[:cap(f.buf)]
		}
		n, err := f.c.Read(f.buf[f.to:])
		if f.to += n; err != nil {
			return nil, err
		}
		if n == len(f.buf) && n < 64<<10 {
			f.buf = append(f.buf, make([]byte, n)...)
		}
	}
}

func number(frame []byte) uint32 { return binary.LittleEndian.Uint32(frame[4:]) }

func serveRaw(addr string, s *rival.Server) error {
	l, err := net.Listen("unix", addr)
	if err != nil {
		return err
	}
	go acceptEach(l, func(c net.Conn) {
		var mu sync.Mutex
		for f := newFrames(c); ; {
			frame, err := f.next()
			if err != nil {
				return
			}
			switch body := frame[rawHead:]; {
			case number(frame) == rawNotify:
				s.Take(body)
			case rival.Asleep(body):
				frame := append([]byte(nil), frame...)
				go func() {
					s.Handle(frame[rawHead:])
					mu.Lock()
					defer mu.Unlock()
					c.Write(frame)
				}()
			default:
				s.Handle(body)
				mu.Lock()
				_, err = c.Write(frame)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		}
	})
	return nil
}

// dialRaw gives a connection for one caller, or one that several share.
func dialRaw(addr string, callers int) (rival.Conn, error) {
	c, err := net.Dial("unix", addr)
	if err != nil {
		return nil, err
	}
	if callers > 1 {
		return shareRaw(c), nil
	}
	return &rawConn{frames: newFrames(c)}, nil
}

// rawConn is a connection of one caller, who reads the answer itself.
type rawConn struct {
	*frames
	out []byte
}

func (r *rawConn) Close() error { return r.c.Close() }
func (r *rawConn) Flush() error { return nil }

func (r *rawConn) Call(b *rival.Buffers) error {
	r.out = appendFrame(r.out[:0], 0, b.Body)
	if _, err := r.c.Write(r.out); err != nil {
		return err
	}
	frame, err := r.next()
	if err != nil {
		return err
	}
	return b.Check(frame[rawHead:])
}

func (r *rawConn) Notify(body []byte) error {
	r.out = appendFrame(r.out[:0], rawNotify, body)
	_, err := r.c.Write(r.out)
	return err
}
