package recorded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// A Stream is what one side wrote on one connection, out of its transport: without HTTP heads, without the framing
// and masks of WebSocket. Streams of UDP are datagrams one behind the other.
type Stream struct {
	Conn       int
	Side       Side
	Generation dmtpwire.Generation
	Dotnet     bool   // a .NET process wrote it
	Head       []byte // HTTP request or response; all of it when the upgrade was refused
	Data       []byte // DMTP
	Cuts       []int  // ends in Data of the WebSocket messages or datagrams; nil for the others
	Control    int    // WebSocket pings, pongs and closes
	EOF        bool
}

// Streams takes a session apart, in the order of connections and sides. A side that wrote nothing has no stream.
func (s *Session) Streams() ([]Stream, error) {
	var list []Stream
	raw := map[[2]any][][]byte{}
	for _, c := range s.Chunks {
		if c.From == "" {
			continue
		}
		key := [2]any{c.Conn, c.From}
		i := slices.IndexFunc(list, func(x Stream) bool { return x.Conn == c.Conn && x.Side == c.From })
		if i < 0 {
			i = len(list)
			list = append(list, Stream{Conn: c.Conn, Side: c.From, Generation: s.generation(c.From), Dotnet: s.Dotnet(c.From)})
		}
		list[i].EOF = list[i].EOF || c.EOF
		if len(c.Bytes) > 0 {
			raw[key] = append(raw[key], c.Bytes)
		}
	}
	list = slices.DeleteFunc(list, func(x Stream) bool { return raw[[2]any{x.Conn, x.Side}] == nil })
	slices.SortFunc(list, func(x, y Stream) int {
		if x.Conn != y.Conn {
			return x.Conn - y.Conn
		}
		return bytes.Compare([]byte(x.Side), []byte(y.Side))
	})
	for i := range list {
		x := &list[i]
		if err := x.unwrap(s.Transport, raw[[2]any{x.Conn, x.Side}]); err != nil {
			return nil, fmt.Errorf("recorded: %s: connection %d, side %s: %w", s.Name, x.Conn, x.Side, err)
		}
	}
	return list, nil
}

func (s *Session) generation(side Side) dmtpwire.Generation {
	switch v := s.version(side); {
	case len(v) > 2 && v[:2] == "3.":
		return dmtpwire.G3
	case len(v) > 4 && (v[:4] == "4.0." || v[:4] == "4.1."):
		return dmtpwire.G40
	}
	return dmtpwire.G42
}

func (x *Stream) unwrap(transport string, chunks [][]byte) error {
	all := slices.Concat(chunks...)
	switch transport {
	case "tcp":
		x.Data = all
	case "http":
		x.Data = x.head(all)
	case "ws":
		return x.webSocket(x.head(all))
	case "udp":
		x.Data = all
		n := 0
		for _, c := range chunks {
			n += len(c)
			x.Cuts = append(x.Cuts, n)
		}
	default:
		return fmt.Errorf("unknown transport %q", transport)
	}
	return nil
}

// head takes off the HTTP head and gives what is behind it: nothing when it is a response that refuses.
func (x *Stream) head(b []byte) []byte {
	const response = "HTTP/1.1 "
	n := bytes.Index(b, []byte("\r\n\r\n"))
	if n < 0 || bytes.HasPrefix(b, []byte(response)) && !bytes.HasPrefix(b[len(response):], []byte("101 ")) {
		x.Head = b
		return nil
	}
	n += 4
	x.Head = b[:n]
	return b[n:]
}

var errWebSocket = errors.New("web socket frame cut")

// webSocket takes off the framing of RFC 6455. Text messages count like binary ones, as they do for .NET.
func (x *Stream) webSocket(b []byte) error {
	for len(b) > 0 {
		if len(b) < 2 {
			return errWebSocket
		}
		fin, opcode, masked := b[0]&0x80 != 0, b[0]&15, b[1]&0x80 != 0
		n, at := uint64(b[1]&0x7f), 2
		switch {
		case n == 126 && len(b) >= 4:
			n, at = uint64(binary.BigEndian.Uint16(b[2:])), 4
		case n == 127 && len(b) >= 10:
			n, at = binary.BigEndian.Uint64(b[2:]), 10
		case n >= 126:
			return errWebSocket
		}
		var mask [4]byte
		if masked {
			at += copy(mask[:], b[min(at, len(b)):])
		}
		if at > len(b) || n > uint64(len(b)-at) {
			return errWebSocket
		}
		payload := slices.Clone(b[at : at+int(n)])
		for i := range payload {
			payload[i] ^= mask[i%4]
		}
		b = b[at+int(n):]
		if opcode >= 8 {
			x.Control++
			continue
		}
		if x.Data = append(x.Data, payload...); fin {
			x.Cuts = append(x.Cuts, len(x.Data))
		}
	}
	return nil
}
