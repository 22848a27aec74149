package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/bellpull/bellpull/transport/npipe"
)

// options are the command line.
type options struct {
	name      string
	dir       string // of the pipes; "" is that of the system
	dialect   dialect
	reconnect bool
	mvc       bool
	noEcho    bool
	noRoutes  bool
	noObjects bool
	oneByOne  bool
}

// parseFlags reads the command line: flags and nothing else.
func parseFlags(args []string, log io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("campuspeer", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.name, "name", "", "the name of this peer, which is that of its pipe")
	f.StringVar(&o.dir, "tmpdir", "", "the directory of the pipes instead of $TMPDIR")
	f.BoolVar(&o.reconnect, "reconnect", false, "connect again to whoever is lost")
	spelling := f.String("json", "stj", "how JSON is spelled: stj, stjctx, camel or newtonsoft")
	f.BoolVar(&o.mvc, "mvc", false, "serve HTTP under NAME.mvc")
	f.BoolVar(&o.noEcho, "no-echo", false, "without a handler of raw requests")
	f.BoolVar(&o.noRoutes, "no-routes", false, "without direct routes")
	f.BoolVar(&o.noObjects, "no-objects", false, "without remote objects")
	f.BoolVar(&o.oneByOne, "one-by-one", false, "run handlers one after another")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	var ok bool
	switch o.dialect, ok = dialectOf(*spelling); {
	case f.NArg() > 0:
		return nil, fmt.Errorf("unknown argument %q", f.Arg(0))
	case !ok:
		return nil, fmt.Errorf("unknown JSON dialect %q", *spelling)
	case o.name == "":
		return nil, errors.New("wants --name NAME")
	}
	return o, nil
}

// web is the name under which HTTP is served.
func (o *options) web() string { return o.name + ".mvc" }

// pipes is where the pipes are.
func (o *options) pipes() npipe.Transport { return npipe.Transport{Dir: o.dir} }
