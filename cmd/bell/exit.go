package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/transport"
)

// Exit codes; docs/cli.md has the table. They never change meaning.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNoServer    = 3
	exitRefused     = 4
	exitTimeout     = 5
	exitProtocol    = 6
	exitNoMethod    = 7
	exitUnavailable = 8
	exitInUse       = 9
	exitInterrupted = 130
)

// exits gives the exit code of an error; codes that are not here are exitFailed.
var exits = map[bellpull.Code]int{
	bellpull.CodeCanceled:    exitInterrupted,
	bellpull.CodeDeadline:    exitTimeout,
	bellpull.CodeNoServer:    exitNoServer,
	bellpull.CodeUnavailable: exitUnavailable,
	bellpull.CodeClosed:      exitUnavailable,
	bellpull.CodeRefused:     exitRefused,
	bellpull.CodeNotTrusted:  exitRefused,
	bellpull.CodeProtocol:    exitProtocol,
	bellpull.CodeNoMethod:    exitNoMethod,
	bellpull.CodeNoPeer:      exitNoMethod,
	bellpull.CodeNameTaken:   exitInUse,
	bellpull.CodeBadArgument: exitUsage,
}

// exitOf gives the exit code of a code.
func exitOf(c bellpull.Code) int {
	if exit, ok := exits[c]; ok {
		return exit
	}
	return exitFailed
}

// hints are for codes that the library has no advice for.
var hints = map[bellpull.Code]string{
	bellpull.CodeFailed:   "the method itself said no: its text says why, the server's log may say more",
	bellpull.CodeCanceled: "it was interrupted; run it again",
	bellpull.CodeClosed:   "the connection was closed on this side; run it again",
	bellpull.CodeUnknown:  "ask `bell doctor ADDRESS`",
}

// usageError says that the command line is wrong.
type usageError struct{ msg string }

func (e *usageError) Error() string { return e.msg }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// quietExit ends a command that has told everything already.
type quietExit int

func (e quietExit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// A problem is an error as bell prints it.
type problem struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	Executed string `json:"executed,omitempty"`
	Remote   bool   `json:"remote"`
	PID      int    `json:"pid,omitempty"` // of the process that has the address, where that is the problem
	Hint     string `json:"hint"`

	exit int
}

// problemOf gives an error in the form bell prints, with its exit code. command is for the hint.
func problemOf(err error, command string) problem {
	if e, ok := errors.AsType[*bellpull.Error](err); ok {
		p := problem{Code: e.Code.String(), Executed: e.Ran.String(), Remote: e.Remote, Hint: e.Hint(), exit: exitOf(e.Code)}
		switch {
		case p.Hint == "":
			p.Hint = hints[e.Code]
		case e.Code == bellpull.CodeRefused && e.Op == "listen" && e.Err == nil: // the library speaks of its options, people have flags
			p.Hint = "give a --token, use local: instead, or let in anybody with --anonymous"
		}
		msg := strings.TrimPrefix(err.Error(), "bellpull: ")
		if cause, ok := e.Err.(*transport.Error); ok && e.Msg == "" && cause.Op != "read" {
			msg = cause.Error() // says what, where and why by itself
		}
		if owner, ok := errors.AsType[*transport.OwnerError](err); ok {
			p.PID = owner.PID
		}
		p.Message = printable(withoutHint(msg, e.Hint()))
		return p
	}
	p := problem{Code: "usage", Message: err.Error(), Executed: "never", exit: exitUsage, Hint: "see `" + command + " --help`"}
	if f, ok := errors.AsType[*localError](err); ok {
		p.Code, p.exit, p.Hint = "unknown", exitFailed, f.hint
	}
	return p
}

// withoutHint takes the advice off the end of an error's text: it is printed on a line of its own.
func withoutHint(msg, hint string) string {
	if hint == "" {
		return msg
	}
	return strings.Replace(msg, " ("+hint+")", "", 1)
}

// localError is a failure of this process that has to do with no other one, such as an unreadable input.
type localError struct {
	err  error
	hint string
}

func (e *localError) Error() string { return e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// fail prints the error that a command ended with and gives the exit code. last is the command, args the command line.
func (a *app) fail(last *cobra.Command, args []string, err error) int {
	if q, ok := errors.AsType[quietExit](err); ok {
		return int(q)
	}
	if wantsJSON(args) { // the flag may stand behind the one that could not be parsed
		a.output = "json"
	}
	name := "bell"
	if last != nil {
		name = last.CommandPath()
	}
	p := problemOf(err, name)
	a.emit(struct {
		Error problem `json:"error"`
	}{p}, "")
	a.note("bell: %s\n  try: %s", p.Message, p.Hint)
	return p.exit
}

// wantsJSON looks for -o json in a command line.
func wantsJSON(args []string) bool {
	for i, s := range args {
		switch s {
		case "--":
			return false
		case "-ojson", "-o=json", "--output=json":
			return true
		case "-o", "--output":
			if i+1 < len(args) && args[i+1] == "json" {
				return true
			}
		}
	}
	return false
}
