package dmtpwire

// A CreateChannel is the body of flags 7 and 8: the request for a channel and its answer. Section 7.2.
//
//	4.2:     router | i32 Sign | u8 Status | str16 Message | bool Random | i32 ChannelId
//	before:  router | str16 Message | i32 Sign | u8 Status | bool Random | i32 ChannelId | nf [metadata]
type CreateChannel struct {
	Router    // Metadata: that of the channel; the answer echoes it
	Sign      int32
	Status    Status
	Message   Str
	Random    uint8 // 0: the id is imposed; else it is a proposal and the answer has the one to use. .NET writes 1
	ChannelID int32 // any int32
}

// DataType says what a [ChannelPackage] is. From generation 3 only Data, 1 and 2 mean the same, see [G3HoldOn].
type DataType uint8

// The types since 4.0.
const (
	DataItem      DataType = 0 // Data
	DataCompleted DataType = 1 // Completed
	DataCanceled  DataType = 2 // Canceled
	DataHoldOn    DataType = 3 // HoldOn
)

// The types of generation 3 that differ. Appendix A.4.
const (
	G3Dispose    DataType = 3
	G3HoldOn     DataType = 4
	G3QueueRun   DataType = 5 // without effect
	G3QueuePause DataType = 6 // without effect
)

// A ChannelPackage is the body of flag 9: an item of a channel, or a mark. It is not answered. Section 7.3.
//
//	4.2 and 4.0:  router | str16 Message | u8 DataType | i32 ChannelId | bytespan Data
//	3:            router | str16 Message | bool RunNow | u8 DataType | i32 ChannelId | byteblock Data
type ChannelPackage struct {
	Router
	Message   Str   // text of a mark
	RunNow    uint8 // generation 3 only: 1 on marks, which then count at once
	Type      DataType
	ChannelID int32
	Data      []byte // null only in generation 3
}

// ParseChannelPackage reads a channel package of generation 4.2. Everything in p aliases body. The error is a
// [*PackageError].
func ParseChannelPackage(body []byte, p *ChannelPackage) error {
	return G42.ParseChannelPackage(body, p)
}

// AppendChannelPackage appends a channel package of generation 4.2, see [AppendRequest] for the error.
func AppendChannelPackage(b []byte, p *ChannelPackage) ([]byte, error) {
	return G42.AppendChannelPackage(b, p)
}

// ChannelPackageLen gives the length that [AppendChannelPackage] appends, if it succeeds.
func ChannelPackageLen(p *ChannelPackage) int {
	return routerLen(&p.Router) + 2 + len(p.Message) + 1 + 4 + varLen(uint32(len(p.Data))) + len(p.Data)
}

// ParseCreateChannel reads the request for a channel, or its answer. Everything in c aliases body. The error is a
// [*PackageError].
func (g Generation) ParseCreateChannel(body []byte, c *CreateChannel) error {
	r := NewReader(body, "CreateChannel")
	r.router(g, &c.Router)
	if g == G42 {
		c.Sign = r.I32("Sign")
		c.Status = Status(r.U8("Status"))
		c.Message = r.Str16("Message")
	} else {
		c.Message = r.Str16("Message")
		c.Sign = r.I32("Sign")
		c.Status = Status(r.U8("Status"))
	}
	c.Random = r.U8("Random")
	c.ChannelID = r.I32("ChannelId")
	if g != G42 {
		c.Metadata = r.metadata(g)
	}
	return r.Err()
}

// AppendCreateChannel appends the request for a channel, or its answer, see [AppendRequest] for the error.
func (g Generation) AppendCreateChannel(b []byte, c *CreateChannel) ([]byte, error) {
	w := NewWriter(b, "CreateChannel")
	w.router(g, &c.Router)
	if g == G42 {
		w.I32(c.Sign)
		w.U8(uint8(c.Status))
		w.Str16("Message", c.Message)
	} else {
		w.Str16("Message", c.Message)
		w.I32(c.Sign)
		w.U8(uint8(c.Status))
	}
	w.U8(c.Random)
	w.I32(c.ChannelID)
	if g != G42 {
		w.metadata(c.Metadata)
	}
	return w.Done()
}

// ParseChannelPackage is [ParseChannelPackage] for any generation.
func (g Generation) ParseChannelPackage(body []byte, p *ChannelPackage) error {
	r := NewReader(body, "ChannelPackage")
	r.router(g, &p.Router)
	p.Message = r.Str16("Message")
	p.RunNow = 0
	if g == G3 {
		p.RunNow = r.U8("RunNow")
	}
	p.Type = DataType(r.U8("DataType"))
	p.ChannelID = r.I32("ChannelId")
	if g == G3 {
		p.Data = r.ByteBlock("Data")
	} else {
		p.Data = r.ByteSpan("Data")
	}
	return r.Err()
}

// AppendChannelPackage is [AppendChannelPackage] for any generation.
func (g Generation) AppendChannelPackage(b []byte, p *ChannelPackage) ([]byte, error) {
	w := NewWriter(b, "ChannelPackage")
	w.router(g, &p.Router)
	w.Str16("Message", p.Message)
	if g == G3 {
		w.U8(p.RunNow)
	}
	w.U8(uint8(p.Type))
	w.I32(p.ChannelID)
	if g == G3 {
		w.ByteBlock("Data", p.Data)
	} else {
		w.ByteSpan("Data", p.Data)
	}
	return w.Done()
}
