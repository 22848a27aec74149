package campuswire

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// MemberID gives the id of a member of a contract: the first eight bytes of the SHA-256 of its signature as a number.
// The signature is that of [GetterSignature], [SetterSignature] or [MethodSignature]. Section 6.4.
func MemberID(signature string) uint64 {
	sum := sha256.Sum256([]byte(signature))
	return binary.LittleEndian.Uint64(sum[:])
}

// GetterSignature gives the signature by which a property is read.
//
// The proxy of an IpcShape whose properties are explicit implementations of an interface asks for the property by its
// qualified name, "Ns.IFoo.Name" for Name of Ns.IFoo: an alias that a joint may offer besides. Section 14, Q18.
func GetterSignature(property string) string { return "get_" + property + "()" }

// SetterSignature gives the signature by which a property is written. The type of the value is not part of it.
func SetterSignature(property string) string { return "set_" + property + "()" }

// MethodSignature gives the signature of a method from its name and the types of its parameters as the C# compiler shows
// them: built-in types as keywords (int, string, object), others with all their names and dots (System.DateTime,
// My.Ns.Outer.Inner), annotations of nullable references included (string?), arguments of generic types joined with a
// comma and a blank. The result, ref, out, params and names are not part of it; nor is whether it is asynchronous.
func MethodSignature(method string, params ...string) string {
	return method + "(" + strings.Join(params, ",") + ")"
}

// TypeText gives the text of a contract as the type of a parameter: nested types are joined with a dot there, and with a
// plus in the name of the contract.
func TypeText(contract string) string { return strings.ReplaceAll(contract, "+", ".") }
