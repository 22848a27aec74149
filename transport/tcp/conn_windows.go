package tcp

// Read reads what has arrived; see [net.Conn]. Reading into nothing returns at once, as it does elsewhere: Winsock
// would wait until something has arrived.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return c.TCPConn.Read(p)
}
