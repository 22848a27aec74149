package workload

// A Target is a row of what must be reached: one figure of one peer, in one workload, against a number or another peer.
type Target struct {
	Text     string
	Workload string
	Peer     string
	Figure   string
	// One of these bounds counts: AtLeast or AtMost a number, or at most Than's figure and Slack.
	AtLeast, AtMost float64
	Than            string
	Slack           float64
}

// zero is what counts as none of what is counted per call: what the runtime allocates now and then is not the call's.
const zero = 0.05

// Targets of the fast paths. Ratios are to the raw socket of the same round.
func Targets() []Target {
	ratio := func(text, workload string, shm, unixsock float64) (list []Target) {
		list = append(list, Target{Text: text, Workload: workload, Peer: "shm", Figure: Ratio, AtLeast: shm})
		if unixsock > 0 {
			list = append(list, Target{Text: text, Workload: workload, Peer: "unixsock", Figure: Ratio, AtLeast: unixsock})
		}
		return list
	}
	var all []Target
	add := func(list ...Target) { all = append(all, list...) }
	add(ratio("call, 64 B, one in flight, on different CPUs", "call-64-apart", 25, 3)...)
	add(Target{Text: "the same, p99.9 under 20 µs", Workload: "call-64-apart", Peer: "shm", Figure: P999, AtMost: 20})
	add(ratio("the same, both processes pinned to one CPU", "call-64-same", 5, 1.3)...)
	add(ratio("the same, both parked before each call", "call-64-parked", 1.4, 1.1)...)
	add(Target{Text: "the same, one CPU kept busy by a third process: p50", Workload: "call-64-busy", Peer: "shm", Figure: P50, AtMost: 3})
	add(Target{Text: "the same: never worse than unixsock", Workload: "call-64-busy", Peer: "shm", Figure: P50, Than: "unixsock"})
	add(ratio("call, 1 KiB", "call-1k", 14, 2.4)...)
	add(ratio("call, 64 KiB", "call-64k", 4, 1.6)...)
	add(ratio("64 callers on one connection, 64 B", "callers-64", 7, 3.2)...)
	add(Target{Text: "the same, p99.9 under 0.5 ms", Workload: "callers-64", Peer: "shm", Figure: P999, AtMost: 500})
	add(ratio("notify 64 B one-way", "notify-64", 35, 20)...)
	add(ratio("stream of 64 KiB writes on its net.Conn", "stream-64k", 3.7, 0)...)
	add(ratio("8 connections, one in flight each", "conns-8", 8, 1)...)
	for _, peer := range []string{"shm", "unixsock"} {
		add(Target{Text: "a handler that sleeps 1 s each 1,000 calls: the other calls' p99.9", Workload: "slow", Peer: peer, Figure: P999, AtMost: 5000})
	}
	for _, peer := range []string{"shm", "unixsock"} {
		add(Target{Text: "idle 60 s after load: memory per connection", Workload: "idle", Peer: peer, Figure: Memory, Than: "raw"},
			Target{Text: "idle 60 s after load: wake-ups a second", Workload: "idle", Peer: peer, Figure: Wakes, Than: "raw", Slack: 0.5})
	}
	for _, w := range []struct{ name, text string }{{"call-64", "64 B"}, {"call-4k", "4 KiB"}, {"callers-64", "64 callers"}} {
		for _, peer := range []string{"shm", "unixsock"} {
			add(Target{Text: "allocations per call, both sides: " + w.text, Workload: w.name, Peer: peer, Figure: AllocsBoth, AtMost: zero})
		}
	}
	return all
}
