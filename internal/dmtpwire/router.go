package dmtpwire

// Version is what the version field of a router header holds. Receivers do not look at it, answers echo it.
const Version = 1

// A Router is the header of every routable package. Section 4.9, appendix A.1.
//
//	generation 4.2:  u8 version | str8 source | str8 target | nf [metadata]
//	before:          str8 source | str8 target
//
// Before 4.2 there is no Version, and packages that have metadata carry it elsewhere; it is kept here all the same.
type Router struct {
	Version  uint8
	Source   Str    // id of the session that the package comes from
	Target   Str    // id of the session that it is for
	Metadata []byte // raw block, nil is null; see [Generation.ParseMetadata]
}

// Routed reports whether the package is for another session than the one that receives it: both ids are there.
func (r *Router) Routed() bool { return len(r.Source) > 0 && len(r.Target) > 0 }

// Reply gives the header of an answer: the ids are swapped, the metadata is null.
func (r *Router) Reply() Router {
	return Router{Version: r.Version, Source: r.Target, Target: r.Source}
}

func (r *Reader) router(g Generation, h *Router) {
	if g != G42 {
		h.Version, h.Metadata = 0, nil
		h.Source = r.Str8("SourceId")
		h.Target = r.Str8("TargetId")
		return
	}
	h.Version = r.U8("Version")
	h.Source = r.Str8("SourceId")
	h.Target = r.Str8("TargetId")
	h.Metadata = r.metadata(g)
}

func (w *Writer) router(g Generation, h *Router) {
	if g == G42 {
		w.U8(h.Version)
	}
	w.Str8("SourceId", h.Source)
	w.Str8("TargetId", h.Target)
	if g == G42 {
		w.metadata(h.Metadata)
	}
}

// ParseRouter reads the header only: enough to forward the package. The error is a [*PackageError].
func (g Generation) ParseRouter(body []byte, h *Router) error {
	r := NewReader(body, "RouterPackage")
	r.router(g, h)
	return r.Err()
}
