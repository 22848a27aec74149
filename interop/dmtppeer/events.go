package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bellpull/bellpull"
	"github.com/bellpull/bellpull/dmtp"
	"github.com/bellpull/bellpull/interop/internal/control"
)

// event writes what the control protocol says of an event of the node.
func (p *peer) event(e bellpull.Event) {
	switch e.Kind {
	case bellpull.EventUp:
		p.up(e)
	case bellpull.EventDown:
		p.count("closed")
		id := e.Name
		if !p.opts.serve {
			id = p.sessionID(e.Peer)
		}
		p.lines.Event("offline", control.Fields{"id": id, "reason": reason(e.Err)})
	case bellpull.EventRefused:
		// A connection that ended before it shook hands is nobody who was refused.
		if _, ended := errors.AsType[*bellpull.Error](e.Err); !ended {
			p.lines.Event("refused", control.Fields{"id": e.Name, "reason": e.Err.Error()})
		}
	case bellpull.EventRenamed:
		if !p.opts.serve {
			p.mu.Lock()
			p.id = e.Name
			p.mu.Unlock()
		}
		p.lines.Event("id_changed", control.Fields{"old": e.Old, "new": e.Name})
	case bellpull.EventCancelled:
		p.lines.Event("cancelled", control.Fields{"method": e.Method})
	case bellpull.EventRetry:
		fmt.Fprintln(p.log, "dmtppeer: reconnect failed:", e.Err)
	}
}

// up tells of a link that is ready. Clients that got the id they asked for had another one before.
func (p *peer) up(e bellpull.Event) {
	p.count("connected")
	if !p.opts.serve {
		if e.Reconnects > 0 {
			p.count("reconnects")
			p.mu.Lock()
			if id := dmtp.SessionID(e.Peer); id != "" {
				p.id = id
			}
			id := p.id
			p.mu.Unlock()
			p.lines.Event("reconnected", control.Fields{"id": id})
		}
		return
	}
	p.mu.Lock()
	old, asked := p.given[e.Name]
	delete(p.given, e.Name)
	p.mu.Unlock()
	if asked {
		p.lines.Event("id_changed", control.Fields{"old": old, "new": e.Name})
	}
	p.lines.Event("online", control.Fields{"id": e.Name, "meta": metadata(e.Metadata), "remote": strings.TrimPrefix(e.Identity.Remote, "tcp:")})
}

// reason gives the words in which a link ended: the goodbye of either side, if there was one.
func reason(err error) string {
	e, ok := errors.AsType[*bellpull.Error](err)
	if !ok {
		return fmt.Sprint(err)
	}
	for _, said := range []string{"closed by the other side: ", "closed on this side: "} {
		if words, ok := strings.CutPrefix(e.Msg, said); ok {
			return words
		}
	}
	if e.Remote {
		return "" // a goodbye without words
	}
	return err.Error()
}
