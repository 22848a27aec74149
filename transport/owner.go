package transport

import "fmt"

// OwnerError says which process holds an endpoint, as far as the operating system tells. It is the cause inside an
// [Error] of kind [ErrInUse], [ErrStolen] or [ErrNotTrusted]; find it with errors.As.
type OwnerError struct {
	PID     int  // process id, 0 when unknown; a hint, since pids are reused
	UID     int  // user id; valid only when HasUser
	HasUser bool // the operating system told UID
}

// Error gives "process 71 of user 1000 owns it", with the unknown parts left out.
func (e *OwnerError) Error() string {
	who := "an unknown process"
	if e.PID > 0 {
		who = fmt.Sprintf("process %d", e.PID)
	}
	if e.HasUser {
		who += fmt.Sprintf(" of user %d", e.UID)
	}
	return who + " owns it"
}
