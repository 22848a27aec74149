package transport

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// A Set resolves address schemes to transports. It is immutable: [Set.With] gives a new one. The zero Set knows no
// scheme. There is no global Set; engines have a default of their own and take another as an option.
type Set struct {
	byScheme map[string]Transport
}

// NewSet gives a Set of the given transports. Of two that name one scheme the later counts.
func NewSet(ts ...Transport) Set {
	return Set{}.With(ts...)
}

// With gives a Set that has the given transports in addition; they win over those already there.
func (s Set) With(ts ...Transport) Set {
	m := make(map[string]Transport, len(s.byScheme)+len(ts))
	maps.Copy(m, s.byScheme)
	for _, t := range ts {
		for _, scheme := range t.Schemes() {
			m[scheme] = t
		}
	}
	return Set{m}
}

// Schemes lists the schemes the Set resolves, sorted.
func (s Set) Schemes() []string {
	list := make([]string, 0, len(s.byScheme))
	for k := range s.byScheme {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// Find gives the transport of a's scheme. An unknown scheme is [ErrAddress].
func (s Set) Find(a Addr) (Transport, error) {
	if t, ok := s.byScheme[a.Scheme]; ok {
		return t, nil
	}
	advice := "this program speaks " + strings.Join(s.Schemes(), ", ")
	if len(s.byScheme) == 0 {
		advice = "give the program a transport: its Set is empty"
	}
	return nil, &Error{Op: "resolve", Addr: a.String(), Kind: ErrAddress, Advice: advice}
}

// Dial connects to a with the transport of its scheme; see [Transport].
func (s Set) Dial(ctx context.Context, a Addr) (Conn, error) {
	t, err := s.Find(a)
	if err != nil {
		return nil, err
	}
	return t.Dial(ctx, a)
}

// Listen claims a with the transport of its scheme; see [Transport].
func (s Set) Listen(ctx context.Context, a Addr) (Listener, error) {
	t, err := s.Find(a)
	if err != nil {
		return nil, err
	}
	return t.Listen(ctx, a)
}

// Over gives a Set that has the transports of both; those of top win.
func (s Set) Over(top Set) Set {
	m := make(map[string]Transport, len(s.byScheme)+len(top.byScheme))
	maps.Copy(m, s.byScheme)
	maps.Copy(m, top.byScheme)
	return Set{m}
}
