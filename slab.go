package bellpull

// A Slab hands out private copies of small bodies from larger pieces of memory, so that a copy seldom costs an
// allocation. A copy is never handed out twice and may be kept for ever; a kept copy keeps its piece (16 KiB) alive.
// The zero Slab is ready. One goroutine at a time.
type Slab struct{ free []byte }

const (
	slabSize = 16 << 10
	slabBody = 4 << 10 // larger bodies get memory of their own
)

// Copy gives a copy of b with no spare capacity.
func (s *Slab) Copy(b []byte) []byte {
	if len(b) > slabBody {
		return append(make([]byte, 0, len(b)), b...)
	}
	if len(b) > len(s.free) {
		s.free = make([]byte, slabSize)
	}
	c := s.free[:len(b):len(b)]
	s.free = s.free[len(b):]
	copy(c, b)
	return c
}
