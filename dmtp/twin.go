package dmtp

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/internal/dmtpwire"
)

// proveTwin makes what a service that refuses a client proves with that it is the very node which has dialled the
// client's: run is what it said of itself when it did, and asked what the client says now.
func proveTwin(run, asked uint64) []byte {
	mac := hmac.New(sha256.New, binary.LittleEndian.AppendUint64(nil, run))
	mac.Write(binary.LittleEndian.AppendUint64([]byte("bellpull twin "), asked))
	return mac.Sum(nil)
}

// refuseTwin sends a client away that this node has dialled already. Nothing is wrong with it, so nobody is told.
func (l *link) refuseTwin(answer *dmtpwire.WaitVerify, twin *bellpull.TwinError) {
	proof := hex.EncodeToString(proveTwin(twin.Run, l.remote.incarnation))
	answer.Metadata.Set(twinKey, dmtpwire.Str(proof))
	l.answerNo(answer, "this node is connected to yours already")
	l.pump.Retire(&bellpull.Error{Code: bellpull.CodeNameTaken, Op: "accept", Err: twin}, time.Second)
}

// join takes the refusal of a service that has dialled this node: the link of that stands for the one that was dialled.
func (l *link) join(m *dmtpwire.WaitVerify, proof dmtpwire.Str) error {
	want, err := hex.DecodeString(proof.String())
	said, _ := m.Metadata.Get(acceptKey)
	theirs, _ := parseHello(said.String())
	if err != nil || theirs.epoch == 0 {
		return &bellpull.Error{Code: bellpull.CodeProtocol, Op: "dial", Peer: l.addr, Ran: bellpull.Never, Err: err,
			Msg: "refused in favour of another link, without a proof"}
	}
	l.twin, err = l.e.host.Join(l.dialCtx, theirs.epoch, func(run uint64) bool {
		return hmac.Equal(proveTwin(run, l.run), want)
	})
	return err
}
