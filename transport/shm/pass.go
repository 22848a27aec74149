//go:build linux

package shm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/bellpull/bellpull/transport/unixsock"
)

// A greeting is the first thing either side says on the socket, and all it says before the other's has come: what its
// segment is like. The descriptor comes with it.
//
//	"bellshm1" | u32 slots | u32 bytes of the arena
const (
	greeting    = "bellshm1"
	greetingLen = len(greeting) + 8
)

var errGreeting = errors.New("the other end does not speak of shared memory")

// greet tells the other side of our segment.
func greet(life *unixsock.Conn, own *segment) error {
	file, err := own.readable()
	if err != nil {
		return err
	}
	defer file.Close()
	b := append(make([]byte, 0, greetingLen), greeting...)
	b = binary.LittleEndian.AppendUint32(b, uint32(own.slots))
	b = binary.LittleEndian.AppendUint32(b, uint32(own.geometry.arena))
	_, _, err = life.WriteMsgUnix(b, unix.UnixRights(int(file.Fd())), nil)
	return err
}

// greeted takes the greeting of the other side and maps its segment. Nothing may come behind it before ours has gone, so
// what is read is the greeting alone.
func greeted(life *unixsock.Conn) (*segment, error) {
	b, oob := make([]byte, greetingLen), make([]byte, unix.CmsgSpace(4*maxPassed))
	var files []*os.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for have := 0; have < greetingLen; {
		n, oobn, _, _, err := life.ReadMsgUnix(b[have:], oob)
		files = append(files, passed(oob[:oobn])...)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, errGreeting
		}
		have += n
	}
	if string(b[:len(greeting)]) != greeting || len(files) != 1 {
		return nil, fmt.Errorf("%w: %q, with %d descriptors", errGreeting, b, len(files))
	}
	g := geometry{uint64(binary.LittleEndian.Uint32(b[len(greeting):])), uint64(binary.LittleEndian.Uint32(b[len(greeting)+4:]))}
	file := files[0]
	files = nil
	return openSegment(file, g, life.Identity().UID)
}

// maxPassed bounds the descriptors that are taken with one message, so that they can be closed.
const maxPassed = 8

// passed gives the descriptors of a control message.
func passed(oob []byte) (files []*os.File) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for i := range msgs {
		fds, err := unix.ParseUnixRights(&msgs[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			unix.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "passed"))
		}
	}
	return files
}
