package dmtpwire

import "iter"

// Bounds of one metadata block. .NET has none: a block beyond them is refused as malformed.
const (
	MaxMetadataPairs = 256
	MaxMetadataBytes = 64 << 10 // of the block as it is encoded; in JSON: of all keys and values
)

// Metadata is a list of named texts. Keys are case-sensitive and unique; the order is that of the wire.
type Metadata struct {
	Pairs []Pair
	Form  Form
}

// A Pair is one entry of a [Metadata]. Its value may be null.
type Pair struct {
	Key, Value Str
}

// Form says how a [Metadata] was written, so that it can be answered in kind. A zero Metadata is null.
type Form uint8

// The forms.
const (
	FormNull   Form = iota // null; the pairs do not count
	FormArray              // JSON array of Key/Value (4.1.6 and later); also: any binary block
	FormObject             // JSON object (up to 4.1.5); a binary block ignores it
)

// Get gives the value of a key. A null value gives nil, true.
func (m *Metadata) Get(key string) (value Str, ok bool) {
	for i := range m.Pairs {
		if string(m.Pairs[i].Key) == key {
			return m.Pairs[i].Value, true
		}
	}
	return nil, false
}

// Set sets the value of a key, in its place if it is there, else at the end. A null Metadata becomes an array.
func (m *Metadata) Set(key string, value Str) { m.set(Str(key), value) }

func (m *Metadata) set(key, value Str) {
	if m.Form == FormNull {
		m.Form = FormArray
	}
	for i := range m.Pairs {
		if string(m.Pairs[i].Key) == string(key) {
			m.Pairs[i].Value = value
			return
		}
	}
	m.Pairs = append(m.Pairs, Pair{key, value})
}

// metadata takes the block behind a null flag and gives its bytes; nil is null. Every pair has been looked at, so
// the block can be parsed again without an error.
//
//	generation 4.2:  varuint count, count x (varstr key, varstr value)       section 4.8
//	before:          i32 count, count x (str8 key, str8 value)               appendix A.1
func (r *Reader) metadata(g Generation) []byte {
	if !r.NullFlag("Metadata") {
		return nil
	}
	at := r.off
	n := r.metadataCount(g)
	for ; n > 0; n-- {
		r.pair(g)
	}
	if size := r.off - at; r.err == nil && size > MaxMetadataBytes {
		r.fail("Metadata", at, ErrTooLong, int64(size), MaxMetadataBytes)
	}
	if r.err != nil {
		return nil
	}
	return r.b[at:r.off:r.off]
}

func (r *Reader) metadataCount(g Generation) int64 {
	at := r.off
	var n int64
	if g == G42 {
		n = int64(r.VarUint("Metadata"))
	} else {
		n = int64(r.I32("Metadata"))
	}
	switch {
	case n < 0:
		r.fail("Metadata", at, ErrNegative, n, MaxMetadataPairs)
		return 0
	case n > MaxMetadataPairs:
		r.fail("Metadata", at, ErrTooMany, n, MaxMetadataPairs)
		return 0
	}
	return n
}

func (r *Reader) pair(g Generation) (key, value Str) {
	at := r.off
	if g == G42 {
		key, value = r.VarStr("Metadata key"), r.VarStr("Metadata value")
	} else {
		key, value = r.Str8("Metadata key"), r.Str8("Metadata value")
	}
	if key == nil && r.err == nil {
		r.fail("Metadata key", at, ErrNull, 0, 0)
	}
	return key, value
}

// ParseMetadata reads a raw metadata block, as parsed packages hold it; nil is null. A repeated key keeps its first
// place and its last value.
func (g Generation) ParseMetadata(raw []byte) (Metadata, error) {
	var m Metadata
	if raw == nil {
		return m, nil
	}
	m.Form = FormArray
	for k, v := range g.MetadataPairs(raw) {
		m.set(k, v)
	}
	r := NewReader(raw, "Metadata")
	for n := r.metadataCount(g); n > 0; n-- {
		r.pair(g)
	}
	if r.off > MaxMetadataBytes {
		r.fail("Metadata", 0, ErrTooLong, int64(r.off), MaxMetadataBytes)
	}
	if r.err != nil {
		return Metadata{}, r.err
	}
	return m, nil
}

// MetadataPairs runs through a raw metadata block without allocating, repeated keys included. It ends early when the
// block is malformed, which a block of a parsed package never is.
func (g Generation) MetadataPairs(raw []byte) iter.Seq2[Str, Str] {
	return func(yield func(k, v Str) bool) {
		if raw == nil {
			return
		}
		r := NewReader(raw, "Metadata")
		for n := r.metadataCount(g); n > 0; n-- {
			k, v := r.pair(g)
			if r.err != nil || !yield(k, v) {
				return
			}
		}
	}
}

// AppendMetadata appends a raw metadata block, without its null flag, as packages hold it: a null Metadata appends
// nothing. The error is a [*PackageError]: above the bounds, or before generation 4.2 a text of more than 254 bytes.
func (g Generation) AppendMetadata(b []byte, m Metadata) ([]byte, error) {
	if m.Form == FormNull {
		return b, nil
	}
	w := NewWriter(b, "Metadata")
	if len(m.Pairs) > MaxMetadataPairs {
		w.fail("Metadata", ErrTooMany, int64(len(m.Pairs)), MaxMetadataPairs)
		return w.Done()
	}
	if g == G42 {
		w.VarUint(uint32(len(m.Pairs)))
	} else {
		w.I32(int32(len(m.Pairs)))
	}
	for _, p := range m.Pairs {
		if p.Key == nil {
			w.fail("Metadata key", ErrNull, 0, 0)
		}
		if g == G42 {
			w.VarStr("Metadata key", p.Key)
			w.VarStr("Metadata value", p.Value)
		} else {
			w.Str8("Metadata key", p.Key)
			w.Str8("Metadata value", p.Value)
		}
	}
	if w.Len() > MaxMetadataBytes {
		w.fail("Metadata", ErrTooLong, int64(w.Len()), MaxMetadataBytes)
	}
	return w.Done()
}

// metadata appends a null flag and a raw block.
func (w *Writer) metadata(raw []byte) {
	w.NullFlag(raw != nil)
	w.Raw(raw)
}
