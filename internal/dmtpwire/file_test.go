package dmtpwire

import "testing"

// fileVectors are those of section 9.7, and of the layouts of A.1 as 3.1.19 and 4.0.7 wrote them.
func fileVectors(t testing.TB) []packageVector {
	const (
		times = "eabc53eba947df88 e4b653eba947df88 eabc53eba947df88 "
		full  = "14000000 '/srv/files/f2500.bin' "
		name  = "09000000 'f2500.bin' "
	)
	meta := func(h Router) Router {
		h.Metadata = unhex(t, "01 026d 0231")
		return h
	}
	old := func(h Router, raw string) Router {
		h.Version = 0
		if h.Source != nil {
			h.Source = Str("old")
		}
		if h.Target != nil {
			h.Target = Str("old")
		}
		if raw != "" {
			h.Metadata = unhex(t, raw)
		}
		return h
	}
	info := &FileInfo{
		Written: 0x88df47a9eb53bcea, Accessed: 0x88df47a9eb53b6e4, Created: 0x88df47a9eb53bcea, Attributes: 128,
		FullName: Str("/srv/files/f2500.bin"), Name: Str("f2500.bin"), Length: 2500,
	}
	section := func(st SectionStatus, off int64, n, i int32) *FileSection {
		return &FileSection{Status: st, Handle: 0x031198cb, Offset: off, Length: n, Index: i}
	}
	path := Str("f2500.bin")
	return []packageVector{
		{"pull info", G42, "01 " + vS + " ff 01 01 026d 0231 03000000 00 | ffff | 00000000 | " + name + "| 00000000 | e8030000 | 00",
			&FileInfoPackage{Router: meta(fromS()), Sign: 3, Path: path, SectionSize: 1000}},
		{"pull info answer", G42, "01 ff " + vS + " 01 01 026d 0231 03000000 01 | ffff | 00000000 | " + name + "| cb981103 | e8030000 | 01 " + times + "80000000 " + full + name + "ffffff7f c409000000000000",
			&FileInfoPackage{Router: meta(toS()), Sign: 3, Status: 1, Path: path, Handle: 0x031198cb, SectionSize: 1000, Info: info}},
		{"section", G42, "01 " + vS + " ff 00 04000000 00 | ffff | 01 01 cb981103 0000000000000000 e8030000 00000000 | 00",
			&FileSectionPackage{Router: fromS(), Sign: 4, Section: section(SectionTransferring, 0, 1000, 0)}},
		{"section answer", G42, "01 ff " + vS + " 00 04000000 01 | ffff | 01 01 cb981103 d007000000000000 03000000 02000000 | 04 010203",
			&FileSectionPackage{Router: toS(), Sign: 4, Status: 1, Section: section(SectionTransferring, 2000, 3, 2), Value: []byte{1, 2, 3}}},
		{"section of no bytes", G42, "01 ff " + vS + " 00 04000000 01 | ffff | 01 01 cb981103 d007000000000000 00000000 02000000 | 01",
			&FileSectionPackage{Router: toS(), Sign: 4, Status: 1, Section: section(SectionTransferring, 2000, 0, 2), Value: []byte{}}},
		{"section missing", G42, "01 ff " + vS + " 00 04000000 18 | ffff | 00 | 00", &FileSectionPackage{Router: toS(), Sign: 4, Status: StatusHandleNotFound}},
		{"finished", G42, "01 " + vS + " ff 01 01 026d 0231 07000000 00 | ffff | cb981103 | 01",
			&FileFinishedPackage{Router: meta(fromS()), Sign: 7, Handle: 0x031198cb, Code: ResultSuccess}},
		{"missing", G42, "01 ff " + vS + " 00 10000000 14 | ffff | 00000000 | " + full + "| 00000000 | 00000800 | 00",
			&FileInfoPackage{Router: toS(), Sign: 16, Status: StatusFileNotExists, Path: info.FullName, SectionSize: 512 << 10}},
		{"refused", G42, "01 ff " + vS + " 00 11000000 0c | 0c00 6e6f742074686973206f6e65 | 00000000 | " + name + "| 00000000 | 00000800 | 00",
			&FileInfoPackage{Router: toS(), Sign: 17, Status: StatusRemoteRefused, Message: Str("not this one"), Path: path, SectionSize: 512 << 10}},
		{"small pull", G42, "01 " + vS + " ff 00 03000000 00 | ffff | 09000000 736d616c6c2e62696e | 00 | 00",
			&SmallFilePackage{Router: fromS(), Sign: 3, Path: Str("small.bin"), Data: []byte{}}},
		{"small pull answer", G42, "01 ff " + vS + " 00 03000000 01 | ffff | " + full + "| 01 " + times + "80000000 " + full + name + "ffffff7f c409000000000000 | 05 00070e151c",
			&SmallFilePackage{Router: toS(), Sign: 3, Status: 1, Path: info.FullName, Info: info, Data: unhex(t, "00070e151c")}},

		{"3 pull info", G3, "036f6c64 ff 01000000 00 | ffff | 00000000 | " + name + "| 00000000 | e8030000 | 00 | 01 01000000 016d 0131",
			&FileInfoPackage{Router: old(fromS(), "01000000 016d 0131"), Sign: 1, Path: path, SectionSize: 1000}},
		{"3 pull info answer", G3, "ff 036f6c64 01000000 01 | ffff | 00000000 | " + name + "| cb981103 | e8030000 | 01 88df47a9eb53bcea 88df47a9eb53b6e4 88df47a9eb53bcea 80000000 " + full + name + "ffffff7f c409000000000000 | 00",
			&FileInfoPackage{Router: old(toS(), ""), Sign: 1, Status: 1, Path: path, Handle: 0x031198cb, SectionSize: 1000, Info: info}},
		{"4.0 pull info answer", G40, "ff 036f6c64 01000000 01 | ffff | 00000000 | " + name + "| cb981103 | e8030000 | 01 " + times + "80000000 " + full + name + "ffffff7f c409000000000000 | 00",
			&FileInfoPackage{Router: old(toS(), ""), Sign: 1, Status: 1, Path: path, Handle: 0x031198cb, SectionSize: 1000, Info: info}},
		{"3 section", G3, "036f6c64 ff ffff 02000000 00 | 01 01 cb981103 0000000000000000 e8030000 00000000 | 00",
			&FileSectionPackage{Router: old(fromS(), ""), Sign: 2, Section: section(SectionTransferring, 0, 1000, 0)}},
		{"3 finished", G3, "036f6c64 ff ffff 05000000 00 | cb981103 | 01 01000000 016d 0131 | 01",
			&FileFinishedPackage{Router: old(fromS(), "01000000 016d 0131"), Sign: 5, Handle: 0x031198cb, Code: ResultSuccess}},
		{"4.0 small", G40, "036f6c64 ff 05000000 00 | ffff | " + name + "| 00 | 00 | 02 0102",
			&SmallFilePackage{Router: old(fromS(), ""), Sign: 5, Path: path, Data: []byte{1, 2}}},
		{"3 small", G3, "036f6c64 ff 05000000 00 | ffff | " + name + "| 00 | 00 | 02000000 0102",
			&SmallFilePackage{Router: old(fromS(), ""), Sign: 5, Path: path, Data: []byte{1, 2}}},
		{"3 small null", G3, "036f6c64 ff 05000000 00 | ffff | " + name + "| 00 | 00 | ffffffff",
			&SmallFilePackage{Router: old(fromS(), ""), Sign: 5, Path: path}},
	}
}

// cacheVectors are those of section 9.8.
func cacheVectors(testing.TB) []packageVector {
	head := func(sign int32, value string) CacheResponse {
		return CacheResponse{Sign: sign, Value: []byte(value)}
	}
	return []packageVector{
		{"clear", G42, "03000000 00 ffff 00 | ffffff7f | 04 | 00", &CacheRequest{CacheResponse: head(3, ""), Op: CacheClear}},
		{"set", G42, "04000000 00 ffff 03 227622 | 01000000 6b | 00 | 01 0046c32300000000", &CacheRequest{CacheResponse: head(4, `"v"`), Key: Str("k"), Expires: true, Duration: 600_000_000}},
		{"get", G42, "05000000 00 ffff 00 | 01000000 6b | 01 | 00", &CacheRequest{CacheResponse: head(5, ""), Key: Str("k"), Op: CacheGet}},
		{"got", G42, "05000000 01 ffff 03 227622", &CacheResponse{Sign: 5, Status: 1, Value: []byte(`"v"`)}},
		{"miss", G42, "08000000 ff ffff 00", &CacheResponse{Sign: 8, Status: StatusCacheMiss, Value: []byte{}}},
		{"3 set", G3, "04000000 00 ffff 03000000 227622 | 01000000 6b | 00 | 01 0000000023c34600", &CacheRequest{CacheResponse: head(4, `"v"`), Key: Str("k"), Expires: true, Duration: 600_000_000}},
		{"3 null", G3, "05000000 01 ffff ffffffff", &CacheResponse{Sign: 5, Status: 1}},
	}
}
