package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bellpull/bellpull"
)

// The shapes of the methods, member for member as .NET has them. Pointers are what may be null.
type (
	poco struct {
		Name *string
		Age  int32
		Tags []string
	}
	point struct {
		A int32
		B float64
	}
	treeNode struct {
		Label    *string
		Weight   *int32
		Shade    uint8 // an enum
		Children []*treeNode
		Counts   map[string]int32
	}
)

// methods makes the methods that both roles have.
func methods() *bellpull.Mux {
	m := bellpull.NewMux()
	bellpull.HandleFunc(m, "add", func(a, b int32) int32 { return a + b })
	bellpull.HandleFunc(m, "list", func(items []int32) (sum int32) {
		for _, v := range items {
			sum += v
		}
		return sum
	})
	bellpull.HandleFunc(m, "poco", func(p *poco) (*poco, error) {
		if p == nil {
			return nil, errors.New("poco is null")
		}
		p.Age++
		return p, nil
	})
	bellpull.HandleFunc(m, "dict", func(d map[string]int32) map[string]int32 {
		out := map[string]int32{}
		for k, v := range d {
			out[k] = v + 1
		}
		return out
	})
	bellpull.HandleFunc(m, "throw", func(text string) error { return errors.New(text) })
	bellpull.HandleFunc(m, "void", func(int32) {})
	bellpull.HandleFunc(m, "delay", delay)
	bellpull.HandleFunc(m, "callback", callback)
	bellpull.HandleFunc(m, "defaults", defaults)
	bellpull.HandleFunc(m, "prims", prims)
	m.Handle("meta", bellpull.HandlerFunc(callMetadata))
	m.Handle("who", bellpull.HandlerFunc(func(w *bellpull.Reply, r *bellpull.Request) {
		w.JSON(r.Source() + ">" + r.Target())
	}))
	// Keys that the library makes itself: of the method's name, and of its full name.
	bellpull.HandleFunc(m, "Twice", func(n int32) int32 { return 2 * n })
	identity[int32](m, "dmtppeer.methods.fullname")

	identity[*string](m, "echo")
	identity[*[]byte](m, "bytes")
	identity[string](m, "when") // ISO 8601
	identity[string](m, "span") // [d.]hh:mm:ss[.fffffff]
	identity[string](m, "guid")
	identity[json.Number](m, "money")
	identity[uint8](m, "color")
	identity[*int32](m, "maybe")
	identity[point](m, "point")
	identity[*treeNode](m, "node")
	identity[[][]int32](m, "grid")
	identity[map[int32]*string](m, "intmap")
	return m
}

// identity registers a method that returns its argument.
func identity[T any](m *bellpull.Mux, name string) {
	bellpull.HandleFunc(m, name, func(v T) T { return v })
}

// delay answers late, or at once when its caller gives up.
func delay(ctx context.Context, ms int32) string {
	t := time.NewTimer(time.Duration(ms) * time.Millisecond)
	defer t.Stop()
	select {
	case <-t.C:
		return "late"
	case <-ctx.Done():
		return "cancelled"
	}
}

// callback asks the caller's own echo.
func callback(ctx context.Context, s *string) (*string, error) {
	return bellpull.Call[*string](ctx, bellpull.Caller(ctx), "echo", s)
}

// defaults has the default values of .NET's int b = 7, string c = "c".
func defaults(a int32, b *int32, c *string) string {
	if b == nil {
		b = new(int32(7))
	}
	if c == nil {
		c = new("c")
	}
	return fmt.Sprintf("%d,%d,%s", a, *b, *c)
}

// callMetadata answers with one value of the call's metadata, or null.
func callMetadata(w *bellpull.Reply, r *bellpull.Request) {
	var key string
	if err := r.Decode(&key); err != nil {
		w.Fail(err)
		return
	}
	var value *string
	for _, p := range r.Metadata() {
		if p.Key == key && !p.Null {
			value = new(p.Value)
		}
	}
	w.JSON(value)
}

// prims joins its arguments as .NET writes them.
func prims(b bool, u8 uint8, i8 int8, i16 int16, u16 uint16, i32 int32, u32 uint32, i64 int64, u64 uint64,
	f32 float32, f64 float64, char string, decimal json.Number) string {
	words := []string{"False"}
	if b {
		words[0] = "True"
	}
	for _, v := range []any{u8, i8, i16, u16, i32, u32, i64, u64} {
		words = append(words, fmt.Sprint(v))
	}
	words = append(words, strconv.FormatFloat(float64(f32), 'g', -1, 32), strconv.FormatFloat(f64, 'g', -1, 64), char, decimal.String())
	return strings.Join(words, "|")
}
