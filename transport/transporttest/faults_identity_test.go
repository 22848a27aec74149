package transporttest

import (
	"errors"
	"net"

	"github.com/bellpull/bellpull/transport"
)

// onIdentity breaks what every connection says of its other end.
func onIdentity(f func(*transport.Identity)) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) {
			c.identity = func() transport.Identity {
				id := c.Conn.Identity()
				f(&id)
				return id
			}
		}
	}
}

// onTraits breaks what every connection promises.
func onTraits(f func(*transport.Traits, *fakeConn)) func(*fakeNetwork) {
	return func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) {
			c.traits = func() transport.Traits {
				tr := c.Conn.Traits()
				f(&tr, c)
				return tr
			}
		}
	}
}

var identityFaults = []fault{
	{in: "Identity", name: "has the wrong process", want: "has pid 1,",
		spoil: onIdentity(func(id *transport.Identity) { id.PID = 1 })},
	{in: "Identity", name: "knows no process", want: "knows no pid",
		spoil: onIdentity(func(id *transport.Identity) { id.PID = 0 })},
	{in: "Identity", name: "knows no user", want: "knows no user", needs: "linux darwin",
		spoil: onIdentity(func(id *transport.Identity) { id.HasUser = false })},
	{in: "Identity", name: "has the wrong user", want: "other end is user",
		spoil: onIdentity(func(id *transport.Identity) { id.HasUser, id.UID = true, 4242 })},
	{in: "Identity", name: "has the wrong group", want: "other end is user",
		spoil: onIdentity(func(id *transport.Identity) { id.HasUser, id.GID = true, 4242 })},
	{in: "Identity", name: "denies the same user", want: "claims SameUser and the identity",
		spoil: onIdentity(func(id *transport.Identity) { id.SameUser = false })},
	{in: "Identity", name: "has no words", want: "remote address",
		spoil: onIdentity(func(id *transport.Identity) { id.Remote = "" })},
	{in: "Identity", name: "is the same user from afar", want: "not Local",
		spoil: onTraits(func(tr *transport.Traits, _ *fakeConn) { tr.Local = false })},
	{in: "Identity", name: "asks again after Close", want: "changed the identity", spoil: func(n *fakeNetwork) {
		n.conn = func(c *fakeConn) {
			c.identity = func() transport.Identity {
				if _, err := c.Conn.Write(nil); errors.Is(err, net.ErrClosed) {
					return transport.Identity{Remote: "mem:gone"}
				}
				return c.Conn.Identity()
			}
		}
	}},
	{in: "Traits", name: "promises this here and that there", want: "the dialler promises",
		spoil: onTraits(func(tr *transport.Traits, c *fakeConn) { tr.Encrypted = c.dialled })},
	{in: "Traits", name: "has no scheme", want: "name no scheme",
		spoil: onTraits(func(tr *transport.Traits, _ *fakeConn) { tr.Scheme = "" })},
	{in: "Traits", name: "promises messages", want: "a stream promises",
		spoil: onTraits(func(tr *transport.Traits, _ *fakeConn) { tr.Message = true })},
}
