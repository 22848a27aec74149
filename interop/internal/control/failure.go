package control

import "fmt"

// A Failure is an error as the control protocol has it. The types are the short names of .NET's exceptions.
type Failure struct {
	Type       string `json:"type"`
	Message    string `json:"message"`
	Inner      string `json:"inner,omitempty"`       // the type of the exception inside
	RemoteType string `json:"remote_type,omitempty"` // what the other side says its exception was
}

func (f *Failure) Error() string { return f.Type + ": " + f.Message }

// BadCommand says that a command cannot be read.
func BadCommand(format string, args ...any) error {
	return &Failure{Type: "BadCommand", Message: fmt.Sprintf(format, args...)}
}

// Unsupported says that a program does not have something.
func Unsupported(format string, args ...any) error {
	return &Failure{Type: "Unsupported", Message: fmt.Sprintf(format, args...)}
}
