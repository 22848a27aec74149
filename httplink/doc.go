// Package httplink is HTTP between two peers, with net/http at both ends: a [Transport] is the [http.RoundTripper] of an
// [http.Client] on a [bellpull.Peer], and [Handler] makes any [http.Handler], a [http.ServeMux] say, the handler of requests
// that come over a link.
//
//	site := httplink.Handler(mux)
//	node, err := campus.Listen(ctx, "npipe:shop", nil, campus.OnRequest(site)) // dotnetCampus.Ipc: PipeMvc
//	m.Handle(httplink.Method, site)                                            // any other protocol
//
//	client := &http.Client{Transport: &httplink.Transport{Peer: peer}}
//	resp, err := client.Get("http://localhost/items?max=3")
//
// A link of package campus carries HTTP as PipeMvc does: .NET's IpcPipeMvcClientProvider and UsePipeIpcServer are the
// other ends. On any other link, DMTP's say, the same bytes are those of a call of [Method].
//
// # What gets through
//
// Method, URL, header fields with all their values, body and status. Scheme and host of the URL go as they are, and
// decide only what the server reads as Host. There are no trailers, informational answers, upgrades and streams: both
// bodies are held whole at both ends, so there is no [http.Flusher] and no [http.Hijacker] either.
//
// # Limits
//
// Bodies travel in base64 inside JSON: [DefaultMaxBody] is what fits into one frame of dotnetCampus.Ipc beside 44 KB of
// everything else. An answer that does not fit is answered 500, a request that does not fit is not sent.
//
// # Errors
//
// A status is an answer, no error. Everything else is a [*bellpull.Error], which [http.Client] wraps: errors.As finds it,
// and [bellpull.ExecutedOf] says whether the request may have reached a handler.
package httplink
