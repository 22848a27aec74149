package dmtpwire

import "strconv"

// A Generation is a family of library versions that agree about the bodies. Nothing on the wire announces it.
// Its methods are the parsers and appenders of everything whose layout differs. Section 0.2, Appendix A.
type Generation uint8

// The generations.
const (
	G42 Generation = iota // 4.2.0 and later; the zero value
	G40                   // 4.0.0 to 4.1.14
	G3                    // 3.0 to 3.1.19
)

// String gives the name that the specification uses.
func (g Generation) String() string {
	switch g {
	case G42:
		return "G4.2"
	case G40:
		return "G4.0"
	case G3:
		return "G3"
	}
	return "Generation(" + strconv.Itoa(int(g)) + ")"
}
