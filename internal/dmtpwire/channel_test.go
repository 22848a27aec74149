package dmtpwire

import "testing"

// channelVectors are those of sections 4.9, 5.3, 7.2, 7.3, 15, A.3 and A.4.
func channelVectors(t testing.TB) []packageVector {
	meta := func(h Router) Router {
		h.Metadata = unhex(t, "01 026b 0276")
		return h
	}
	none := Router{Version: 1}
	create := func(h Router, sign int32, st Status, random uint8, id int32) *CreateChannel {
		return &CreateChannel{Router: h, Sign: sign, Status: st, Random: random, ChannelID: id}
	}
	pack := func(h Router, typ DataType, id int32, msg Str, data ...byte) *ChannelPackage {
		return &ChannelPackage{Router: h, Type: typ, ChannelID: id, Message: msg, Data: append([]byte{}, data...)}
	}
	return []packageVector{
		{"random", G42, "01 " + vS + " ff 01 01 026b 0276 03000000 00 | ffff | 01 | 46d84002", create(meta(fromS()), 3, 0, 1, 0x0240d846)},
		{"random answer", G42, "01 ff " + vS + " 01 01 026b 0276 03000000 01 | ffff | 01 | 46d84002", create(meta(toS()), 3, 1, 1, 0x0240d846)},
		{"imposed", G42, "01 " + vS + " ff 00 03000000 00 | ffff | 00 | 2a000000", create(fromS(), 3, 0, 0, 42)},
		{"minimal", G42, "01 ff ff 00 03000000 00 | ffff | 00 | 4d000000", create(none, 3, 0, 0, 77)},
		{"minimal answer", G42, "01 ff ff 00 03000000 01 | ffff | 00 | 4d000000", create(none, 3, 1, 0, 77)},
		{"existed", G42, "01 ff ff 00 04000000 0b | ffff | 00 | 4d000000", create(none, 4, StatusChannelExisted, 0, 77)},
		{"clash", G42, "01 ff ff 00 05000000 01 | ffff | 01 | 09b5da00", create(none, 5, 1, 1, 0x00dab509)},
		{"negative id", G42, "01 ff ff 00 05000000 00 | ffff | 00 | ffffffff", create(none, 5, 0, 0, -1)},
		{"version 9, Random 2, a text", G42, "09 00 00 00 05000000 09 | 0200 6869 | 02 | 48000000", &CreateChannel{Router: Router{9, Str(""), Str(""), nil}, Sign: 5, Status: 9, Message: Str("hi"), Random: 2, ChannelID: 72}},
		{"routed", G42, "01 05616c696365 03626f62 01 01 026b 0276 03000000 00 | ffff | 01 | ae5d4d03", create(meta(Router{Version: 1, Source: Str("alice"), Target: Str("bob")}), 3, 0, 1, 0x034d5dae)},

		{"data", G42, "01 " + vS + " ff 00 | ffff | 00 | 46d84002 | 03 010203", pack(fromS(), DataItem, 0x0240d846, nil, 1, 2, 3)},
		{"hold", G42, "01 " + vS + " ff 00 | 0400 686f6c64 | 03 | 1904ae00 | 00", pack(fromS(), DataHoldOn, 0x00ae0419, Str("hold"))},
		{"completed", G42, "01 " + vS + " ff 00 | 0400 646f6e65 | 01 | 46d84002 | 00", pack(fromS(), DataCompleted, 0x0240d846, Str("done"))},
		{"canceled", G42, "01 " + vS + " ff 00 | 0400 73746f70 | 02 | 1904ae00 | 00", pack(fromS(), DataCanceled, 0x00ae0419, Str("stop"))},
		{"no text", G42, "01 " + vS + " ff 00 | ffff | 02 | 26610d01 | 00", pack(fromS(), DataCanceled, 0x010d6126, nil)},
		{"empty", G42, "01 " + vS + " ff 00 | ffff | 00 | 46d84002 | 00", pack(fromS(), DataItem, 0x0240d846, nil)},
		{"minimal data", G42, "01 ff ff 00 | ffff | 00 | 4d000000 | 03 010203", pack(none, DataItem, 77, nil, 1, 2, 3)},
		{"routed mark", G42, "01 03626f62 05616c696365 00 | 0300 66696e | 01 | ae5d4d03 | 00", pack(Router{1, Str("bob"), Str("alice"), nil}, DataCompleted, 0x034d5dae, Str("fin"))},
		{"vanished", G42, "01 03626f62 05616c696365 00 | 2300 '没有找到Id为bob的客户端。' | 02 | 05000000 | 02 0203", pack(Router{1, Str("bob"), Str("alice"), nil}, DataCanceled, 5, Str("没有找到Id为bob的客户端。"), 2, 3)},

		{"4.0 random", G40, "036f6c64 ff | ffff | 03000000 00 | 01 | b25f0d01 | 01 01000000 016b 0176", create(Router{Source: Str("old"), Metadata: unhex(t, "01000000 016b 0176")}, 3, 0, 1, 0x010d5fb2)},
		{"4.0 data", G40, "036f6c64 ff | ffff | 00 | b25f0d01 | 03 010203", pack(Router{Source: Str("old")}, DataItem, 0x010d5fb2, nil, 1, 2, 3)},
		{"4.0 empty", G40, "036f6c64 ff | ffff | 00 | b25f0d01 | 00", pack(Router{Source: Str("old")}, DataItem, 0x010d5fb2, nil)},
		{"4.0 completed", G40, "036f6c64 ff | 0400 646f6e65 | 01 | b25f0d01 | 00", pack(Router{Source: Str("old")}, DataCompleted, 0x010d5fb2, Str("done"))},
		{"3 data", G3, "036f6c64 ff | ffff | 00 00 | 11268e02 | 04 010203", pack(Router{Source: Str("old")}, DataItem, 0x028e2611, nil, 1, 2, 3)},
		{"3 empty", G3, "036f6c64 ff | ffff | 00 00 | 11268e02 | 01", pack(Router{Source: Str("old")}, DataItem, 0x028e2611, nil)},
		{"3 hold", G3, "036f6c64 ff | 0400 686f6c64 | 01 04 | acb7e103 | 00", &ChannelPackage{Router: Router{Source: Str("old")}, Message: Str("hold"), RunNow: 1, Type: G3HoldOn, ChannelID: 0x03e1b7ac}},
	}
}
