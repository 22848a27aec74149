package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// options are the command line.
type options struct {
	serve      bool
	listen     []string
	to         string
	token      string
	id         string
	meta       []bellpull.Pair
	verify     time.Duration
	deny       *string // the metadata key of clients that are refused
	prefix     *string // of the ids that the service makes
	heartbeat  time.Duration
	reconnect  bool
	maxPackage int // the longest frame that send writes; 0: no limit
}

// parseFlags reads the command line: the role, then flags and nothing else.
func parseFlags(args []string, log io.Writer) (*options, error) {
	if len(args) == 0 || args[0] != "serve" && args[0] != "dial" {
		return nil, errors.New("the first argument is serve or dial")
	}
	o := &options{serve: args[0] == "serve"}
	f := flag.NewFlagSet("dmtppeer "+args[0], flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.token, "token", "", "the shared secret")
	f.IntVar(&o.maxPackage, "max-package", 0, "the longest frame that is sent, in bytes")
	f.String("root", "", "taken and not used: there are no files")
	milliseconds := func(name, usage string, into *time.Duration) {
		f.Func(name, usage, func(s string) error {
			d, err := time.ParseDuration(s + "ms")
			if err == nil && d <= 0 {
				err = errors.New("must be positive")
			}
			*into = d
			return err
		})
	}
	text := func(name, usage string, into **string) {
		f.Func(name, usage, func(s string) error { *into = &s; return nil })
	}
	if o.serve {
		f.Func("listen", "URL to listen at; several are allowed", func(s string) error { o.listen = append(o.listen, s); return nil })
		milliseconds("verify-timeout-ms", "the time a client has for its handshake", &o.verify)
		text("deny", "refuse clients whose metadata has this key", &o.deny)
		text("default-id-prefix", "what ids begin with that the service makes", &o.prefix)
		f.Bool("no-route", false, "taken and not used: there is no routing")
	} else {
		f.StringVar(&o.to, "to", "", "URL of the service")
		f.StringVar(&o.id, "id", "", "the id to ask for")
		f.Func("meta", "k=v, metadata of the handshake; several are allowed", func(s string) error {
			k, v, _ := strings.Cut(s, "=")
			o.meta = append(o.meta, bellpull.Pair{Key: k, Value: v})
			return nil
		})
		milliseconds("heartbeat-ms", "ping this often, and hang up when there is no answer", &o.heartbeat)
		f.BoolVar(&o.reconnect, "reconnect", false, "connect again when the connection is lost")
	}
	if err := f.Parse(args[1:]); err != nil {
		return nil, err
	}
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("unknown argument %q", f.Arg(0))
	case o.serve && len(o.listen) == 0:
		return nil, errors.New("serve wants --listen URL")
	case !o.serve && o.to == "":
		return nil, errors.New("dial wants --to URL")
	}
	return o, nil
}

// checkURL says whether Bellpull has the transport of a URL.
func checkURL(url string) error {
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme {
	case "tcp", "unix":
		return nil
	}
	return &control.Failure{Type: "Unsupported", Message: fmt.Sprintf("%s: Bellpull speaks DMTP over tcp:// and unix:// only", url)}
}

// asURL writes an address of Bellpull as the control protocol does.
func asURL(addr string) string {
	scheme, rest, _ := strings.Cut(addr, ":")
	return scheme + "://" + rest
}
