package dmtpwire

// CacheOp is what a [CacheRequest] asks for.
type CacheOp uint8

// The operations of the cache.
const (
	CacheSet      CacheOp = 0
	CacheGet      CacheOp = 1
	CacheContains CacheOp = 2
	CacheRemove   CacheOp = 3
	CacheClear    CacheOp = 4
)

// A CacheResponse is the body of flag 26. There is no router header. Section 9.8.
//
//	i32 Sign | u8 Status | str16 Message | bytespan Value        generation 3: i32 length | Value, -1 for null
type CacheResponse struct {
	Sign    int32
	Status  Status // StatusSuccess also for true, StatusCacheMiss also for false, 2 an exception
	Message Str
	Value   []byte // null only in generation 3
}

// A CacheRequest is the body of flag 25.
//
//	the fields of CacheResponse | str32 Key | u8 Type | u8 has-duration [i64 ticks]
//
// The duration of generation 3 is big endian.
type CacheRequest struct {
	CacheResponse
	Key      Str
	Op       CacheOp
	Expires  bool // whether there is a Duration
	Duration TimeSpan
}

func (r *Reader) cache(g Generation, p *CacheResponse) {
	p.Sign = r.I32("Sign")
	p.Status = Status(r.U8("Status"))
	p.Message = r.Str16("Message")
	p.Value = r.block("Value", g)
}

func (w *Writer) cache(g Generation, p *CacheResponse) {
	w.I32(p.Sign)
	w.U8(uint8(p.Status))
	w.Str16("Message", p.Message)
	w.block("Value", g, p.Value)
}

// ParseCacheRequest reads a package of flag 25. The error is a [*PackageError].
func (g Generation) ParseCacheRequest(body []byte, p *CacheRequest) error {
	r := NewReader(body, "RedisRequest")
	r.cache(g, &p.CacheResponse)
	p.Key = r.Str32("Key")
	p.Op = CacheOp(r.U8("Type"))
	p.Duration = 0
	if p.Expires = r.NullFlag("has-duration"); p.Expires {
		p.Duration = r.TimeSpan("Duration", g)
	}
	return r.Err()
}

// AppendCacheRequest appends a package of flag 25, see [AppendRequest] for the error.
func (g Generation) AppendCacheRequest(b []byte, p *CacheRequest) ([]byte, error) {
	w := NewWriter(b, "RedisRequest")
	w.cache(g, &p.CacheResponse)
	w.Str32("Key", p.Key)
	w.U8(uint8(p.Op))
	w.NullFlag(p.Expires)
	if p.Expires {
		w.TimeSpan(p.Duration, g)
	}
	return w.Done()
}

// ParseCacheResponse reads a package of flag 26. The error is a [*PackageError].
func (g Generation) ParseCacheResponse(body []byte, p *CacheResponse) error {
	r := NewReader(body, "RedisResponse")
	r.cache(g, p)
	return r.Err()
}

// AppendCacheResponse appends a package of flag 26, see [AppendRequest] for the error.
func (g Generation) AppendCacheResponse(b []byte, p *CacheResponse) ([]byte, error) {
	w := NewWriter(b, "RedisResponse")
	w.cache(g, p)
	return w.Done()
}
