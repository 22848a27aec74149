package dmtpwire_test

import (
	"fmt"

	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// The call add(1, 2) with Json, from its bytes and back.
func Example() {
	params := dmtpwire.AppendJSONParam(nil, []byte("1"))
	params = dmtpwire.AppendJSONParam(params, []byte("2"))
	body, err := dmtpwire.AppendRequest(nil, &dmtpwire.Request{
		Router:        dmtpwire.Router{Version: dmtpwire.Version},
		Sign:          3,
		Serialization: dmtpwire.JSON,
		Key:           dmtpwire.Str("add"),
		Feedback:      dmtpwire.WaitInvoke,
		Count:         2,
		Params:        params,
	})
	if err != nil {
		panic(err)
	}
	frame := dmtpwire.AppendFrame(nil, dmtpwire.FlagCallRequest, body)
	fmt.Printf("%x\n", frame)

	n, err := dmtpwire.Split(1 << 20)(frame)
	fmt.Println(n, err)
	flags, _, _ := dmtpwire.ParseHeader(frame)
	var r dmtpwire.Request
	err = dmtpwire.ParseRequest(frame[dmtpwire.HeaderLen:n], &r)
	fmt.Println(flags, r.Key, r.Serialization, r.Feedback, err)
	for rest := r.Params; len(rest) > 0; {
		var value []byte
		if value, _, rest, err = dmtpwire.NextJSONParam(rest); err != nil {
			panic(err)
		}
		fmt.Printf("%s\n", value)
	}

	// A body that ends too early says where.
	fmt.Println(dmtpwire.ParseRequest(frame[dmtpwire.HeaderLen:20], &r))
	// Output:
	// 646d00140000001e01ffff000300000000010361646402ffff02010100000031010100000032
	// 38 <nil>
	// CallRequest add Json WaitInvoke <nil>
	// 1
	// 2
	// dmtp: RpcRequest.InvokeKey: body ends too early at byte 10: 3, limit 1
}
