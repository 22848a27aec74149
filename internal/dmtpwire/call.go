package dmtpwire

// A Request is the body of flag 20, the call of a method. Section 8.1.
//
//	4.2:     router | i32 Sign | u8 Status | u8 SerializationType | str8 InvokeKey | u8 Feedback | str16 Message |
//	         u8 Count | parameters
//	before:  the same, with nf [metadata] in front of Message
type Request struct {
	Router
	Sign          int32 // chosen by the caller, unique among all that is outstanding on its connection
	Status        Status
	Serialization Serialization
	Key           Str
	Feedback      Feedback
	Message       Str
	Count         uint8
	Params        []byte // all that follows: Count containers, see [NextParam]
}

// A Response is the body of flag 21, the answer to a [Request].
//
//	router | i32 Sign | u8 Status | u8 SerializationType | str16 Message | return value
//
// Before 4.2, a call that the service could not route is answered in the layout of the request instead.
type Response struct {
	Router
	Sign          int32
	Status        Status
	Serialization Serialization
	Message       Str    // the error, or null
	Return        []byte // all that follows: one container
}

// A Cancel is the body of flag 22. It is not answered.
//
//	router | i64 Sign
type Cancel struct {
	Router
	Sign int64
}

// ParseRequest reads a request of generation 4.2. Everything in r aliases body. The error is a [*PackageError].
func ParseRequest(body []byte, r *Request) error { return G42.ParseRequest(body, r) }

// AppendRequest appends a request of generation 4.2. The error is a [*PackageError] that names a text that is too
// long; b is then given back as it was.
func AppendRequest(b []byte, r *Request) ([]byte, error) { return G42.AppendRequest(b, r) }

// ParseResponse reads a response of generation 4.2. Everything in r aliases body. The error is a [*PackageError].
func ParseResponse(body []byte, r *Response) error { return G42.ParseResponse(body, r) }

// AppendResponse appends a response of generation 4.2, see [AppendRequest] for the error.
func AppendResponse(b []byte, r *Response) ([]byte, error) { return G42.AppendResponse(b, r) }

// ParseCancel reads a cancel of generation 4.2. Everything in c aliases body. The error is a [*PackageError].
func ParseCancel(body []byte, c *Cancel) error { return G42.ParseCancel(body, c) }

// AppendCancel appends a cancel of generation 4.2, see [AppendRequest] for the error.
func AppendCancel(b []byte, c *Cancel) ([]byte, error) { return G42.AppendCancel(b, c) }

// ParseRequest is [ParseRequest] for any generation.
func (g Generation) ParseRequest(body []byte, q *Request) error {
	r := NewReader(body, "RpcRequest")
	r.router(g, &q.Router)
	q.Sign = r.I32("Sign")
	q.Status = Status(r.U8("Status"))
	q.Serialization = Serialization(r.U8("SerializationType"))
	q.Key = r.Str8("InvokeKey")
	q.Feedback = Feedback(r.U8("Feedback"))
	if g != G42 {
		q.Metadata = r.metadata(g)
	}
	q.Message = r.Str16("Message")
	q.Count = r.U8("Count")
	q.Params = r.Rest()
	return r.Err()
}

// AppendRequest is [AppendRequest] for any generation.
func (g Generation) AppendRequest(b []byte, q *Request) ([]byte, error) {
	w := NewWriter(b, "RpcRequest")
	w.router(g, &q.Router)
	w.I32(q.Sign)
	w.U8(uint8(q.Status))
	w.U8(uint8(q.Serialization))
	w.Str8("InvokeKey", q.Key)
	w.U8(uint8(q.Feedback))
	if g != G42 {
		w.metadata(q.Metadata)
	}
	w.Str16("Message", q.Message)
	w.U8(q.Count)
	w.Raw(q.Params)
	return w.Done()
}

// ParseResponse is [ParseResponse] for any generation.
func (g Generation) ParseResponse(body []byte, p *Response) error {
	r := NewReader(body, "RpcResponse")
	r.router(g, &p.Router)
	p.Sign = r.I32("Sign")
	p.Status = Status(r.U8("Status"))
	p.Serialization = Serialization(r.U8("SerializationType"))
	p.Message = r.Str16("Message")
	p.Return = r.Rest()
	return r.Err()
}

// AppendResponse is [AppendResponse] for any generation.
func (g Generation) AppendResponse(b []byte, p *Response) ([]byte, error) {
	w := NewWriter(b, "RpcResponse")
	w.router(g, &p.Router)
	w.I32(p.Sign)
	w.U8(uint8(p.Status))
	w.U8(uint8(p.Serialization))
	w.Str16("Message", p.Message)
	w.Raw(p.Return)
	return w.Done()
}

// ParseCancel is [ParseCancel] for any generation.
func (g Generation) ParseCancel(body []byte, c *Cancel) error {
	r := NewReader(body, "RpcCancel")
	r.router(g, &c.Router)
	c.Sign = r.I64("Sign")
	return r.Err()
}

// AppendCancel is [AppendCancel] for any generation.
func (g Generation) AppendCancel(b []byte, c *Cancel) ([]byte, error) {
	w := NewWriter(b, "RpcCancel")
	w.router(g, &c.Router)
	w.I64(c.Sign)
	return w.Done()
}

// routerLen is the encoded length of a router header of generation 4.2.
func routerLen(h *Router) int { return 4 + len(h.Source) + len(h.Target) + len(h.Metadata) }

// RequestLen gives the length that [AppendRequest] appends, if it succeeds.
func RequestLen(q *Request) int {
	return routerLen(&q.Router) + 6 + 1 + len(q.Key) + 1 + 2 + len(q.Message) + 1 + len(q.Params)
}

// ResponseLen gives the length that [AppendResponse] appends, if it succeeds.
func ResponseLen(p *Response) int {
	return routerLen(&p.Router) + 6 + 2 + len(p.Message) + len(p.Return)
}

// CancelLen gives the length that [AppendCancel] appends, if it succeeds.
func CancelLen(c *Cancel) int { return routerLen(&c.Router) + 8 }
