package dmtpwire

// A FileInfo describes a file. Section 9.1.
//
//	DateTime LastWriteTime | DateTime LastAccessTime | DateTime CreationTime | i32 Attributes | str32 FullName |
//	str32 Name | str32 MD5 | i64 Length
//
// The times of generation 3 are big endian.
type FileInfo struct {
	Written, Accessed, Created DateTime
	Attributes                 int32 // .NET FileAttributes
	FullName, Name             Str
	MD5                        Str // always null
	Length                     int64
}

// SectionStatus is the state of a [FileSection].
type SectionStatus uint8

// The states of a section.
const (
	SectionDefault      SectionStatus = 0
	SectionTransferring SectionStatus = 1
	SectionTransferred  SectionStatus = 2
	SectionFail         SectionStatus = 3
	SectionFinished     SectionStatus = 4
)

// A FileSection is a part of a file that travels in one frame.
//
//	u8 Status | i32 ResourceHandle | i64 Offset | i32 Length | i32 Index
type FileSection struct {
	Status SectionStatus
	Handle int32
	Offset int64
	Length int32
	Index  int32
}

// A FileInfoPackage is the body of flags 30, 31, 34 and 35: the beginning of a transfer.
//
//	4.2:     router | i32 Sign | u8 Status | str16 Message | i32 ContinuationIndex | str32 Path |
//	         i32 ResourceHandle | i32 FileSectionSize | nf [FileInfo]
//	before:  the same, with nf [metadata] at the end
type FileInfoPackage struct {
	Router
	Sign         int32
	Status       Status
	Message      Str
	Continuation int32 // number of leading sections that are finished already
	Path         Str
	Handle       int32
	SectionSize  int32
	Info         *FileInfo
}

// A FileSectionPackage is the body of flags 32, 33, 36 and 37.
//
//	4.2:     router | i32 Sign | u8 Status | str16 Message | nf [FileSection] | byteblock Value
//	before:  router | str16 Message | i32 Sign | u8 Status | nf [FileSection] | byteblock Value
type FileSectionPackage struct {
	Router
	Sign    int32
	Status  Status
	Message Str
	Section *FileSection
	Value   []byte // null in 32 and 37; an empty section is empty, not null
}

// ResultCode is how a transfer ended.
type ResultCode uint8

// The result codes.
const (
	ResultDefault   ResultCode = 0
	ResultSuccess   ResultCode = 1
	ResultFailure   ResultCode = 2
	ResultError     ResultCode = 3
	ResultException ResultCode = 4
	ResultOvertime  ResultCode = 5
	ResultCanceled  ResultCode = 6
	ResultDisposed  ResultCode = 7
)

// A FileFinishedPackage is the body of flags 38 and 39: the end of a transfer.
//
//	4.2:     router | i32 Sign | u8 Status | str16 Message | i32 ResourceHandle | u8 ResultCode
//	before:  router | str16 Message | i32 Sign | u8 Status | i32 ResourceHandle | nf [metadata] | u8 ResultCode
type FileFinishedPackage struct {
	Router
	Sign    int32
	Status  Status
	Message Str
	Handle  int32
	Code    ResultCode
}

// A SmallFilePackage is the body of flags 40 to 43: a whole file in one frame.
//
//	4.2:  router | i32 Sign | u8 Status | str16 Message | str32 Path | nf [FileInfo] | bytespan Data
//	4.0:  router | i32 Sign | u8 Status | str16 Message | str32 Path | nf [metadata] | nf [FileInfo] | bytespan Data
//	3:    as 4.0, but i32 length | Data, -1 for null
type SmallFilePackage struct {
	Router
	Sign    int32
	Status  Status
	Message Str
	Path    Str
	Info    *FileInfo
	Data    []byte // null only in generation 3
}

func (r *Reader) fileInfo(g Generation) *FileInfo {
	if !r.NullFlag("FileInfo") {
		return nil
	}
	f := FileInfo{
		Written:    r.DateTime("LastWriteTime", g),
		Accessed:   r.DateTime("LastAccessTime", g),
		Created:    r.DateTime("CreationTime", g),
		Attributes: r.I32("Attributes"),
		FullName:   r.Str32("FullName"),
		Name:       r.Str32("Name"),
		MD5:        r.Str32("MD5"),
		Length:     r.I64("Length"),
	}
	return &f
}

func (w *Writer) fileInfo(g Generation, f *FileInfo) {
	w.NullFlag(f != nil)
	if f == nil {
		return
	}
	w.DateTime(f.Written, g)
	w.DateTime(f.Accessed, g)
	w.DateTime(f.Created, g)
	w.I32(f.Attributes)
	w.Str32("FullName", f.FullName)
	w.Str32("Name", f.Name)
	w.Str32("MD5", f.MD5)
	w.I64(f.Length)
}

func (r *Reader) fileSection() *FileSection {
	if !r.NullFlag("FileSection") {
		return nil
	}
	return &FileSection{
		Status: SectionStatus(r.U8("Status")),
		Handle: r.I32("ResourceHandle"),
		Offset: r.I64("Offset"),
		Length: r.I32("Length"),
		Index:  r.I32("Index"),
	}
}

func (w *Writer) fileSection(s *FileSection) {
	w.NullFlag(s != nil)
	if s == nil {
		return
	}
	w.U8(uint8(s.Status))
	w.I32(s.Handle)
	w.I64(s.Offset)
	w.I32(s.Length)
	w.I32(s.Index)
}

// ParseFileInfo reads a package of flags 30, 31, 34 or 35. The error is a [*PackageError].
func (g Generation) ParseFileInfo(body []byte, p *FileInfoPackage) error {
	r := NewReader(body, "FileInfoPackage")
	r.router(g, &p.Router)
	p.Sign = r.I32("Sign")
	p.Status = Status(r.U8("Status"))
	p.Message = r.Str16("Message")
	p.Continuation = r.I32("ContinuationIndex")
	p.Path = r.Str32("Path")
	p.Handle = r.I32("ResourceHandle")
	p.SectionSize = r.I32("FileSectionSize")
	p.Info = r.fileInfo(g)
	if g != G42 {
		p.Metadata = r.metadata(g)
	}
	return r.Err()
}

// AppendFileInfo appends a package of flags 30, 31, 34 or 35, see [AppendRequest] for the error.
func (g Generation) AppendFileInfo(b []byte, p *FileInfoPackage) ([]byte, error) {
	w := NewWriter(b, "FileInfoPackage")
	w.router(g, &p.Router)
	w.I32(p.Sign)
	w.U8(uint8(p.Status))
	w.Str16("Message", p.Message)
	w.I32(p.Continuation)
	w.Str32("Path", p.Path)
	w.I32(p.Handle)
	w.I32(p.SectionSize)
	w.fileInfo(g, p.Info)
	if g != G42 {
		w.metadata(p.Metadata)
	}
	return w.Done()
}

// ParseFileSection reads a package of flags 32, 33, 36 or 37. The error is a [*PackageError].
func (g Generation) ParseFileSection(body []byte, p *FileSectionPackage) error {
	r := NewReader(body, "FileSectionPackage")
	r.router(g, &p.Router)
	if g != G42 {
		p.Message = r.Str16("Message")
	}
	p.Sign = r.I32("Sign")
	p.Status = Status(r.U8("Status"))
	if g == G42 {
		p.Message = r.Str16("Message")
	}
	p.Section = r.fileSection()
	p.Value = r.ByteBlock("Value")
	return r.Err()
}

// AppendFileSection appends a package of flags 32, 33, 36 or 37, see [AppendRequest] for the error.
func (g Generation) AppendFileSection(b []byte, p *FileSectionPackage) ([]byte, error) {
	w := NewWriter(b, "FileSectionPackage")
	w.router(g, &p.Router)
	if g != G42 {
		w.Str16("Message", p.Message)
	}
	w.I32(p.Sign)
	w.U8(uint8(p.Status))
	if g == G42 {
		w.Str16("Message", p.Message)
	}
	w.fileSection(p.Section)
	w.ByteBlock("Value", p.Value)
	return w.Done()
}

// ParseFileFinished reads a package of flags 38 or 39. The error is a [*PackageError].
func (g Generation) ParseFileFinished(body []byte, p *FileFinishedPackage) error {
	r := NewReader(body, "FileFinishedPackage")
	r.router(g, &p.Router)
	if g != G42 {
		p.Message = r.Str16("Message")
	}
	p.Sign = r.I32("Sign")
	p.Status = Status(r.U8("Status"))
	if g == G42 {
		p.Message = r.Str16("Message")
	}
	p.Handle = r.I32("ResourceHandle")
	if g != G42 {
		p.Metadata = r.metadata(g)
	}
	p.Code = ResultCode(r.U8("ResultCode"))
	return r.Err()
}

// AppendFileFinished appends a package of flags 38 or 39, see [AppendRequest] for the error.
func (g Generation) AppendFileFinished(b []byte, p *FileFinishedPackage) ([]byte, error) {
	w := NewWriter(b, "FileFinishedPackage")
	w.router(g, &p.Router)
	if g != G42 {
		w.Str16("Message", p.Message)
	}
	w.I32(p.Sign)
	w.U8(uint8(p.Status))
	if g == G42 {
		w.Str16("Message", p.Message)
	}
	w.I32(p.Handle)
	if g != G42 {
		w.metadata(p.Metadata)
	}
	w.U8(uint8(p.Code))
	return w.Done()
}

// ParseSmallFile reads a package of flags 40 to 43. The error is a [*PackageError].
func (g Generation) ParseSmallFile(body []byte, p *SmallFilePackage) error {
	r := NewReader(body, "SmallFilePackage")
	r.router(g, &p.Router)
	p.Sign = r.I32("Sign")
	p.Status = Status(r.U8("Status"))
	p.Message = r.Str16("Message")
	p.Path = r.Str32("Path")
	if g != G42 {
		p.Metadata = r.metadata(g)
	}
	p.Info = r.fileInfo(g)
	p.Data = r.block("Data", g)
	return r.Err()
}

// AppendSmallFile appends a package of flags 40 to 43, see [AppendRequest] for the error.
func (g Generation) AppendSmallFile(b []byte, p *SmallFilePackage) ([]byte, error) {
	w := NewWriter(b, "SmallFilePackage")
	w.router(g, &p.Router)
	w.I32(p.Sign)
	w.U8(uint8(p.Status))
	w.Str16("Message", p.Message)
	w.Str32("Path", p.Path)
	if g != G42 {
		w.metadata(p.Metadata)
	}
	w.fileInfo(g, p.Info)
	w.block("Data", g, p.Data)
	return w.Done()
}

// block takes the bytes of a small file or of a cache value: a bytespan, in generation 3 with an i32 length.
func (r *Reader) block(field string, g Generation) []byte {
	if g == G3 {
		return r.Bytes32(field)
	}
	return r.ByteSpan(field)
}

func (w *Writer) block(field string, g Generation, b []byte) {
	if g == G3 {
		w.Bytes32(field, b)
		return
	}
	w.ByteSpan(field, b)
}
