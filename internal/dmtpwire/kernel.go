package dmtpwire

import "unicode/utf8"

// The JSON messages of the kernel flags. Section 4.2 has the dialect, sections 3.1.1 and 4.4 to 4.6 the meaning.
//
// Their parsers take what .NET takes: members in any order, missing ones keep the value that is said at the field,
// unknown ones are ignored, of a repeated one the last counts, names are case-sensitive. The error is a [*JSONError],
// and the message is then the zero value. Texts alias the body where they can.
//
// Their appenders write all members, in the order of .NET, and cannot fail.

// WaitVerify is the handshake, flags 1 and 2. Missing members are null or 0.
type WaitVerify struct {
	Token    Str      // shared secret, in clear; echoed in the answer
	Metadata Metadata // data for the application; the answer should have the form of the question
	ID       Str      // request: the id asked for, null or empty for any; response: the id given
	Message  Str      // text for a human; depends on the culture, never parse it
	Sign     int32    // echoed in the answer
	Status   Status   // 0 request, 1 accepted, 2 refused
}

// ParseWaitVerify reads a handshake.
func ParseWaitVerify(body []byte, m *WaitVerify) error {
	*m = WaitVerify{}
	r := newReader(body, "WaitVerify")
	for r.Member() {
		switch string(r.Name()) {
		case "Token":
			m.Token = r.text()
		case "Metadata":
			m.Metadata = r.metadata()
		case "Id":
			m.ID = r.text()
		case "Message":
			m.Message = r.text()
		case "Sign":
			m.Sign = r.Int32()
		case "Status":
			m.Status = Status(r.Uint8())
		default:
			r.Skip()
		}
	}
	if err := r.end(); err != nil {
		*m = WaitVerify{}
		return err
	}
	return nil
}

// AppendJSON appends the message.
func (m *WaitVerify) AppendJSON(b []byte, style JSONStyle) []byte {
	w := jsonWriter{b: b, style: style}
	w.open('{')
	w.text("Token", m.Token)
	w.metadata(&m.Metadata)
	w.text("Id", m.ID)
	w.text("Message", m.Message)
	w.int("Sign", int64(m.Sign))
	w.int("Status", int64(m.Status))
	w.close('}')
	return w.b
}

// WaitSetID is a change of the session id, flags 3 and 4. Missing members are null or 0.
type WaitSetID struct {
	OldID   Str // informational
	NewID   Str
	Message Str
	Sign    int32
	Status  Status // 0 request, 1 done, 2 refused
}

// ParseWaitSetID reads a change of the session id.
func ParseWaitSetID(body []byte, m *WaitSetID) error {
	*m = WaitSetID{}
	r := newReader(body, "WaitSetId")
	for r.Member() {
		switch string(r.Name()) {
		case "OldId":
			m.OldID = r.text()
		case "NewId":
			m.NewID = r.text()
		case "Message":
			m.Message = r.text()
		case "Sign":
			m.Sign = r.Int32()
		case "Status":
			m.Status = Status(r.Uint8())
		default:
			r.Skip()
		}
	}
	if err := r.end(); err != nil {
		*m = WaitSetID{}
		return err
	}
	return nil
}

// AppendJSON appends the message.
func (m *WaitSetID) AppendJSON(b []byte, style JSONStyle) []byte {
	w := jsonWriter{b: b, style: style}
	w.open('{')
	w.text("OldId", m.OldID)
	w.text("NewId", m.NewID)
	w.text("Message", m.Message)
	w.int("Sign", int64(m.Sign))
	w.int("Status", int64(m.Status))
	w.close('}')
	return w.b
}

// WaitPing is a ping and its answer, flags 5 and 6. The member Route is not read: it is true exactly when both ids
// have bytes, see [WaitPing.Routed]. Missing members are null or 0, a missing Version is [Version].
type WaitPing struct {
	Sign     int32
	Status   Status // 0 request, 1 answered
	Message  Str
	Source   Str // SourceId
	Target   Str // TargetId
	Version  uint8
	Metadata Metadata
	// Legacy: the message has neither Version nor Metadata, which no library before 4.2 writes and every later one
	// does. With it, appending leaves both out.
	Legacy bool
}

// Routed reports whether the ping is for another session than the one that receives it.
func (m *WaitPing) Routed() bool { return len(m.Source) > 0 && len(m.Target) > 0 }

// ParseWaitPing reads a ping.
func ParseWaitPing(body []byte, m *WaitPing) error {
	*m = WaitPing{Version: Version, Legacy: true}
	r := newReader(body, "WaitPing")
	for r.Member() {
		switch string(r.Name()) {
		case "Sign":
			m.Sign = r.Int32()
		case "Status":
			m.Status = Status(r.Uint8())
		case "Message":
			m.Message = r.text()
		case "SourceId":
			m.Source = r.text()
		case "TargetId":
			m.Target = r.text()
		case "Version":
			m.Version, m.Legacy = r.Uint8(), false
		case "Metadata":
			m.Metadata, m.Legacy = r.metadata(), false
		default:
			r.Skip()
		}
	}
	if err := r.end(); err != nil {
		*m = WaitPing{}
		return err
	}
	return nil
}

// AppendJSON appends the message.
func (m *WaitPing) AppendJSON(b []byte, style JSONStyle) []byte {
	w := jsonWriter{b: b, style: style}
	w.open('{')
	w.int("Sign", int64(m.Sign))
	w.int("Status", int64(m.Status))
	w.text("Message", m.Message)
	w.bool("Route", m.Routed())
	w.text("SourceId", m.Source)
	w.text("TargetId", m.Target)
	if !m.Legacy {
		w.int("Version", int64(m.Version))
		w.metadata(&m.Metadata)
	}
	w.close('}')
	return w.b
}

// WaitClose is the end of a session and its acknowledgement, flags 0 and 10, since 4.2. Missing members are null or 0.
type WaitClose struct {
	Message Str
	Sign    int32
	Status  Status // not used, 0
}

// ParseWaitClose reads an end.
func ParseWaitClose(body []byte, m *WaitClose) error {
	*m = WaitClose{}
	r := newReader(body, "WaitClose")
	for r.Member() {
		switch string(r.Name()) {
		case "Message":
			m.Message = r.text()
		case "Sign":
			m.Sign = r.Int32()
		case "Status":
			m.Status = Status(r.Uint8())
		default:
			r.Skip()
		}
	}
	if err := r.end(); err != nil {
		*m = WaitClose{}
		return err
	}
	return nil
}

// AppendJSON appends the message.
func (m *WaitClose) AppendJSON(b []byte, style JSONStyle) []byte {
	w := jsonWriter{b: b, style: style}
	w.open('{')
	w.text("Message", m.Message)
	w.int("Sign", int64(m.Sign))
	w.int("Status", int64(m.Status))
	w.close('}')
	return w.b
}

// ParseCloseText reads the body of flag 0 from a library before 4.2: a bare text, not acknowledged. A text that is
// not valid UTF-8 is a [*JSONError]. It does not look whether the text might be the JSON of a later library.
func ParseCloseText(body []byte) (reason Str, err error) {
	if !utf8.Valid(body) {
		return nil, &JSONError{Document: "Close", What: ErrText}
	}
	return append(Str{}, body...), nil
}
