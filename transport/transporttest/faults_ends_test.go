package transporttest

// onEnds breaks what every connection says of its other end.
func onEnds(f func(c *fakeConn)) func(*fakeNetwork) {
	return func(n *fakeNetwork) { n.conn = f }
}

var endFaults = []fault{
	{in: "EndsAreTold", name: "takes every connection for ended", want: "at first: Ended true",
		spoil: onEnds(func(c *fakeConn) { c.ended = func() bool { return true } })},
	{in: "EndsAreTold", name: "takes half for the whole", want: "after CloseWrite: Ended true, HungUp true",
		spoil: onEnds(func(c *fakeConn) { c.hungUp = c.Conn.Ended })},
	{in: "EndsAreTold", name: "sees no end of writing", want: "Ended after CloseWrite: " + blocks,
		spoil: onEnds(func(c *fakeConn) { c.ended = c.Conn.HungUp })},
	{in: "EndsAreTold", name: "sees no end", want: "HungUp after Close: " + blocks,
		spoil: onEnds(func(c *fakeConn) {
			c.hungUp = func() bool {
				select {
				case <-c.network.released:
					return true
				default:
					return false
				}
			}
		})},
}
