// Package netjson reads and writes the tokens of JSON as the two engines of .NET do, which encoding/json does not: what
// System.Text.Json refuses is refused, and texts are escaped as it or Newtonsoft.Json escapes them. It is what the
// codecs have in common; the models are theirs. Nothing is allocated but texts with escapes, and errors.
package netjson
