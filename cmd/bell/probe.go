package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bellpull/bellpull/internal/dmtpwire"
	"github.com/bellpull/bellpull/transport"
)

// probe sends a handshake on a bare connection and tells what the other end makes of it.
func (d *doctor) probe(ctx context.Context, set transport.Set, a transport.Addr) {
	timeout := min(d.link.timeout, 2*time.Second)
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c, err := set.Dial(ctx, a)
	if err != nil {
		return // the check before has said enough
	}
	defer c.Close()
	hello := dmtpwire.WaitVerify{Sign: 1}
	c.Write(dmtpwire.AppendFrame(nil, dmtpwire.FlagVerifyRequest, hello.AppendJSON(nil, dmtpwire.Compact)))
	buf := make([]byte, 512)
	n, err := hear(c, buf, timeout/2)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		io.WriteString(c, "\r\n\r\n") // has those answer who wait for a line
		n, err = hear(c, buf, timeout/2)
	}
	what, fix := guess(buf[:n], err)
	d.bad("probe", exitProtocol, what, fix)
	if n > 0 {
		d.exit = exitProtocol
	}
}

// hear reads what comes within d, until the other end hangs up or b is full.
func hear(c transport.Conn, b []byte, d time.Duration) (n int, err error) {
	c.SetReadDeadline(time.Now().Add(d))
	return io.ReadFull(c, b)
}

// guess says what speaks from how it answers a DMTP handshake: the bytes it sent and how that ended.
func guess(b []byte, err error) (what, fix string) {
	elsewhere := "check the address: this is another service"
	shown := fmt.Sprintf("; it answered %s", excerpt(b, 48))
	if len(b) == 0 {
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return "it takes the handshake and says nothing", "the server hangs, or waits for something else than DMTP; see its log"
		case errors.Is(err, io.EOF):
			return "it hangs up without a word", "the server ends connections it does not like; see its log, and try --plain"
		}
		return "it breaks the connection off", "see the server's log"
	}
	for _, k := range known {
		if k.is(b) {
			if k.fix == "" {
				return "this is " + k.what + shown, elsewhere
			}
			return "this is " + k.what + shown, k.fix
		}
	}
	return "this is no DMTP" + shown, elsewhere
}

func prefix(p string) func([]byte) bool {
	return func(b []byte) bool { return bytes.HasPrefix(b, []byte(p)) }
}

// known are services that can be told by their first bytes.
var known = []struct {
	is   func([]byte) bool
	what string
	fix  string
}{
	{prefix("dm\x00\x01"), "a service that sends back what it gets", ""}, // our own handshake
	{prefix("dm"), "DMTP of a kind that this version does not get along with", "compare the versions of both sides, and try --plain"},
	{prefix("HTTP/"), "an HTTP server", ""},
	{prefix("<!"), "an HTTP server", ""},
	{prefix("SSH-"), "an SSH server", ""},
	{prefix("\r\x00dotnet campus"), "a dotnetCampus.Ipc service", "speak its protocol: --protocol campus"},
	{func(b []byte) bool { return len(b) > 2 && (b[0] == 0x15 || b[0] == 0x16) && b[1] == 3 }, "a TLS server", "use tcps: instead of tcp:"},
	{func(b []byte) bool { return len(b) >= 5 && b[0] == 0 && b[3] == 4 }, "an HTTP/2 server, gRPC perhaps", ""},
	{prefix("220 "), "a mail or FTP server", ""},
	{prefix("220-"), "a mail or FTP server", ""},
	{prefix("-ERR"), "a Redis server", ""},
	{prefix("REJECTED"), "a D-Bus server", ""},
	{prefix("RFB "), "a VNC server", ""},
	{func(b []byte) bool { return len(b) > 5 && b[3] == 0 && b[4] == 10 }, "a MySQL server", ""},
	{prefix("{"), "a service that speaks JSON", ""},
}
