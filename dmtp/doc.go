// Package dmtp speaks TouchSocket's DMTP, generation 4.2, as client and as service: the handshake with token and
// verification, ids, ping, close, user frames, and calls of DmtpRpc (frames 20, 21, 22) with Json. The other process may
// be a .NET one. Two Bellpull processes agree in the handshake on shorter frames for their calls, unless [Plain].
//
//	node, err := dmtp.Listen(ctx, "local:calc", mux)     // a server
//	peer, err := dmtp.Dial(ctx, "local:calc")            // a client
//
// # What travels how towards plain peers
//
// Arguments are the positional parameters of the method, each as Json. A []byte is a byte[], that is base64, in
// [bellpull.Peer.CallBytes] too. What has no Go counterpart (FastBinary, Xml) is answered with status 4. A status of 4
// or 8 counts as [bellpull.Yes]: the wire does not tell a method that failed from arguments that did not fit. A call that
// is refused because too many run already, or because the service is closing, is answered with status 5, which counts as
// [bellpull.Never] and whose text .NET callers are shown.
//
// # Safety
//
// Before its handshake a client reaches nothing but handshake, ping and close, with frames of at most 64 KiB, for at
// most three seconds. Without a token a service is open to processes of its own user only, on transports that prove
// that (unixsock, npipe, mem); on others it does not start unless [AllowAnonymous]. A token travels in clear.
//
// Wire facts are from the DMTP specification of this project; section numbers in comments are its.
package dmtp
