package bellpull

// A CallFunc makes one call or notify.
type CallFunc func(p *Peer, x *Exchange) error

// A CallInterceptor wraps calls and notifies. It is called once, when the node is made; the function it gives runs for
// every exchange, concurrently, and must not keep x.
type CallInterceptor func(next CallFunc) CallFunc

// A HandlerInterceptor wraps handlers. It is called once for each method that is used, or
// more often when nodes share a Mux.
type HandlerInterceptor func(next Handler) Handler

func doExchange(p *Peer, x *Exchange) error { return p.do(x) }

// chainCalls gives the chain of interceptors, nil when there are none.
func chainCalls(list []CallInterceptor) CallFunc {
	if len(list) == 0 {
		return nil
	}
	f := CallFunc(doExchange)
	for i := len(list) - 1; i >= 0; i-- {
		f = list[i](f)
	}
	return f
}

func chainHandlers(list []HandlerInterceptor) func(Handler) Handler {
	if len(list) == 0 {
		return nil
	}
	return func(h Handler) Handler {
		for i := len(list) - 1; i >= 0; i-- {
			h = list[i](h)
		}
		return h
	}
}
