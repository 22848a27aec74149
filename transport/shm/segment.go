//go:build linux

package shm

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// A segment is memory that one side writes and the other reads.
type segment struct {
	words
	geometry
	mem   []byte
	ring  []byte
	arena []byte
	file  *os.File // of our own: what pages are reserved and given back through

	mu   sync.Mutex // guards the mapping's end
	gone bool
}

func (s *segment) cut(mem []byte, g geometry) {
	s.mem, s.geometry, s.words = mem, g, wordsOf(mem)
	s.ring = mem[headerSize : headerSize+g.ring() : headerSize+g.ring()]
	s.arena = mem[headerSize+g.ring() : g.size() : g.size()]
}

// seals hold the size for ever: the reader of a segment that shrank would be killed.
const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

// newSegment makes a segment of ours, of which the header alone is reserved.
func newSegment(g geometry) (*segment, error) {
	fd, err := unix.MemfdCreate("bellpull", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate("bellpull", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	s := &segment{file: os.NewFile(uintptr(fd), "bellpull")}
	if err := s.build(fd, g); err != nil {
		s.file.Close()
		return nil, err
	}
	return s, nil
}

func (s *segment) build(fd int, g geometry) error {
	if err := unix.Ftruncate(fd, int64(g.size())); err != nil {
		return os.NewSyscallError("ftruncate", err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if err := unix.Fallocate(fd, 0, 0, headerSize); err != nil {
		return os.NewSyscallError("fallocate", err)
	}
	mem, err := mapped(fd, g.size(), unix.PROT_READ|unix.PROT_WRITE)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	s.cut(mem, g)
	return nil
}

// readable gives a descriptor of the segment that can only be read from.
func (s *segment) readable() (*os.File, error) {
	return os.OpenFile("/proc/self/fd/"+strconv.Itoa(int(s.file.Fd())), os.O_RDONLY, 0)
}

// errMemory is what is wrong with a descriptor that the other side has passed.
var errMemory = errors.New("no sealed memory of the size that was said")

// openSegment maps a segment of the other side, which owner says the user of. It owns file.
func openSegment(file *os.File, g geometry, owner int) (*segment, error) {
	defer file.Close()
	fd := int(file.Fd())
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	has, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: it cannot be sealed", errMemory)
	case has&seals != seals:
		return nil, fmt.Errorf("%w: seals %#x, want %#x", errMemory, has, seals)
	case !g.sound():
		return nil, fmt.Errorf("%w: %d slots and %d bytes", errMemory, g.slots, g.arena)
	case st.Mode&unix.S_IFMT != unix.S_IFREG || uint64(st.Size) != g.size():
		return nil, fmt.Errorf("%w: %d bytes, want %d", errMemory, st.Size, g.size())
	case int(st.Uid) != owner:
		return nil, fmt.Errorf("%w: of user %d, who is not the other side's %d", errMemory, st.Uid, owner)
	}
	mem, err := mapped(fd, g.size(), unix.PROT_READ)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	s := &segment{}
	s.cut(mem, g)
	return s, nil
}

// reserve claims the pages of ring and arena, so that touching them cannot fail.
func (s *segment) reserve() error { return s.allocate(0) }

// giveBack lets the pages of ring and arena go. They read as zeros from then on.
func (s *segment) giveBack() error {
	return s.allocate(unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE)
}

func (s *segment) allocate(mode uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return net.ErrClosed
	}
	err := unix.Fallocate(int(s.file.Fd()), mode, headerSize, int64(s.size())-headerSize)
	return os.NewSyscallError("fallocate", err)
}
