package campuswire

import "strconv"

// Command is the command type of a frame. Section 2.2.
type Command uint16

// The command types that are written.
const (
	CommandRegister Command = 0xFFFF // PeerRegister: who dialled
	CommandBusiness Command = 0x0001 // Business: a one-way message
	CommandRequest  Command = 0x0003 // RequestMessage: a request in its envelope
	CommandResponse Command = 0x0005 // ResponseMessage: an answer in its envelope
)

// CommandUnknown is a placeholder of the library that it never writes. Received, it is a business frame.
const CommandUnknown Command = 0x7FFF

// The bits of a business command.
const (
	bitBusiness Command = 1
	bitRequest  Command = 2
	bitResponse Command = 4
	bitsLegacy  Command = 0x38
)

// Masked gives the command without the bits of [Command.Legacy], which say nothing to a receiver.
func (c Command) Masked() Command {
	if c == CommandRegister {
		return c
	}
	return c &^ bitsLegacy
}

// Legacy is what versions up to 2.0.0-alpha217 said of the body of a request or an answer in bits 3 to 5 of its command
// type. It is never written, and receivers do not act on it.
type Legacy uint8

// What a body is, in the words of those versions.
const (
	LegacyNone   Legacy = 0 // NotMessageBody
	LegacyRaw    Legacy = 1 // Raw
	LegacyString Legacy = 2 // String
	LegacyJSON   Legacy = 4 // JsonObject
)

// Legacy gives these bits; a combination of them counts as none.
func (c Command) Legacy() Legacy {
	switch l := Legacy(c & bitsLegacy >> 3); l {
	case LegacyRaw, LegacyString, LegacyJSON:
		if c != CommandRegister {
			return l
		}
	}
	return LegacyNone
}

func (c Command) String() string {
	switch c {
	case CommandRegister:
		return "Register"
	case CommandBusiness:
		return "Business"
	case CommandRequest:
		return "Request"
	case CommandResponse:
		return "Response"
	}
	return "Command(0x" + strconv.FormatUint(uint64(c), 16) + ")"
}

// Kind is what a receiver does with a frame.
type Kind uint8

const (
	KindDiscard  Kind = iota // nothing: neither a registration nor business
	KindRegister             // a registration, see [ParseRegister]
	KindNotify               // a one-way message; the whole content is its body
	KindRequest              // see [ParseRequest]
	KindResponse             // see [ParseResponse]
)

func (k Kind) String() string {
	switch k {
	case KindRegister:
		return "registration"
	case KindNotify:
		return "notify"
	case KindRequest:
		return "request"
	case KindResponse:
		return "response"
	}
	return "discarded"
}

// minMarked is how long a content must be to be looked at as a request or an answer.
const minMarked = markLen + 8

// Kind tells what a frame is from its command type and its content, by the rules of a .NET reader (section 2.2): only
// all bits set make a registration; without bit 0 a frame is discarded; the bits for requests and answers count only
// with the mark in front of the content, that for answers first; a frame without the mark is a one-way message. So is
// one with both bits and the mark of a request, which .NET never answers.
func (f *Frame) Kind() Kind {
	c := f.Command
	switch {
	case c == CommandRegister:
		return KindRegister
	case c&bitBusiness == 0:
		return KindDiscard
	case len(f.Content) < minMarked:
		return KindNotify
	case c&bitResponse != 0:
		if string(f.Content[:markLen]) == markResponse {
			return KindResponse
		}
	case c&bitRequest != 0:
		if string(f.Content[:markLen]) == markRequest {
			return KindRequest
		}
	}
	return KindNotify
}
