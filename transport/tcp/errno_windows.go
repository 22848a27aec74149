package tcp

import "golang.org/x/sys/windows"

// The constants of these names in package syscall are inventions for portable programs; Winsock never gives them.
const (
	errRefused = windows.WSAECONNREFUSED
	errInUse   = windows.WSAEADDRINUSE
)
