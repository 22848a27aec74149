package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/bellpull/bellpull"
)

// metadata is pairs as a JSON object, in their order; nil is null.
type metadata []bellpull.Pair

func (m metadata) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("null"), nil
	}
	var b bytes.Buffer
	for i, p := range m {
		b.WriteByte("{,"[min(i, 1)])
		key, _ := json.Marshal(p.Key)
		b.Write(key)
		b.WriteByte(':')
		value := []byte("null")
		if !p.Null {
			value, _ = json.Marshal(p.Value)
		}
		b.Write(value)
	}
	if len(m) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (m *metadata) UnmarshalJSON(text []byte) error {
	*m = nil
	if string(text) == "null" {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("metadata is no object")
	}
	*m = metadata{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value *string
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("metadata %v: %w", key, err)
		}
		p := bellpull.Pair{Key: key.(string), Null: value == nil}
		if value != nil {
			p.Value = *value
		}
		*m = append(*m, p)
	}
	return nil
}
