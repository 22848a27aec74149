package archtest

// A layer is a row of the map in docs/architecture.md. What a package may import lies below its own row.
type layer int

const (
	tokens layer = iota
	codec
	contract
	carrier // the only row whose packages may build on one another, where their rules say so
	node
	pump
	engine
	adapter
	program
)

// A rule says what the packages of a directory may import of ours. A pattern that ends in "/*" stands for every
// directory below it.
type rule struct {
	dir   string
	layer layer
	may   []string
	tests []string // what its test files may import beside that, and the package itself
	why   string
}

// public is what a program outside the module could import.
var public = []string{".", "dmtp", "campus", "httplink", "transport", "transport/*"}

var rules = []rule{
	{dir: "internal/netjson", layer: tokens,
		why: "tokens of JSON are what the codecs have in common: it knows no model"},
	{dir: "internal/dmtpwire", layer: codec, may: []string{"internal/netjson"},
		why: "a codec turns bytes into values and back: no I/O, no goroutine, no knowledge of links"},
	{dir: "internal/campuswire", layer: codec, may: []string{"internal/netjson"},
		why: "a codec turns bytes into values and back: no I/O, no goroutine, no knowledge of links"},
	{dir: "internal/bellwire", layer: codec,
		why: "a codec turns bytes into values and back: no I/O, no goroutine, no knowledge of links"},

	{dir: "internal/fdtest", layer: codec,
		why: "it looks at the process it runs in, and at nothing of ours"},
	{dir: "internal/otheruser", layer: codec,
		why: "it changes how a program is started, whichever that is"},

	{dir: "internal/chart", layer: codec,
		why: "it draws numbers and does not know what they measure"},
	{dir: "internal/measure", layer: codec,
		why: "it times functions and does not know what they do"},

	{dir: "transport", layer: contract, tests: []string{"transport/mem"},
		why: "the contract of carriers and engines must be usable without either"},

	{dir: "transport/mem", layer: carrier, may: []string{"transport"}, tests: []string{"transport/transporttest"},
		why: "a carrier moves bytes and knows nothing of calls"},
	{dir: "transport/tcp", layer: carrier, may: []string{"transport"}, tests: []string{"transport/transporttest"},
		why: "a carrier moves bytes and knows nothing of calls"},
	{dir: "transport/unixsock", layer: carrier, may: []string{"transport"}, tests: []string{"transport/transporttest", "internal/fdtest", "internal/otheruser"},
		why: "a carrier moves bytes and knows nothing of calls"},
	{dir: "transport/npipe", layer: carrier, may: []string{"transport", "transport/unixsock"},
		tests: []string{"transport/transporttest"},
		why:   "outside Windows a pipe of .NET is a Unix socket, and the only carrier below it is that one"},
	{dir: "transport/shm", layer: carrier, may: []string{"transport", "transport/unixsock"},
		tests: []string{".", "dmtp", "campus", "transport/transporttest", "internal/fdtest"},
		why:   "shared memory is set up over a Unix socket, which stays its lifeline"},
	{dir: "internal/sim", layer: carrier, may: []string{"transport", "transport/mem"},
		tests: []string{".", "dmtp", "campus", "internal/dmtpwire", "internal/recorded", "transport/transporttest"},
		why:   "a network that fails is a carrier, and knows nothing of calls; its tests run whole nodes on it"},
	{dir: "transport/transporttest", layer: carrier, may: []string{"transport"}, tests: []string{"transport/mem"},
		why: "the suite judges carriers, so it must not depend on one"},

	{dir: ".", layer: node, may: []string{"transport"},
		tests: []string{"dmtp", "transport/mem", "transport/tcp", "transport/unixsock"},
		why:   "node, peer and mux work with every engine and carrier, so they import none"},

	{dir: "internal/pump", layer: pump, may: []string{".", "transport"}, tests: []string{"transport/mem"},
		why: "the pump serves every engine over every carrier, so it imports none"},

	{dir: "dmtp", layer: engine, tests: []string{"transport/mem"},
		may: []string{".", "transport", "transport/unixsock", "transport/npipe", "transport/tcp", "transport/shm",
			"internal/dmtpwire", "internal/bellwire", "internal/pump"},
		why: "an engine brings its own carriers and codecs and never another engine"},

	{dir: "campus", layer: engine, tests: []string{"transport/mem", "internal/fdtest", "internal/otheruser"},
		may: []string{".", "transport", "transport/unixsock", "transport/npipe", "transport/tcp", "transport/shm",
			"internal/campuswire", "internal/pump"},
		why: "an engine brings its own carriers and codecs and never another engine"},

	{dir: "httplink", layer: adapter, may: []string{".", "campus", "transport", "internal/campuswire"},
		tests: []string{"dmtp", "transport/mem"},
		why:   "HTTP is put on links through the verbs that users have, so it knows the engine that has one of its own for it"},

	{dir: "internal/recorded", layer: adapter, may: []string{"internal/dmtpwire", "internal/campuswire"},
		why: "recorded sessions are replayed against the codecs alone"},

	{dir: "cmd/*", layer: program,
		may: append([]string{"internal/dmtpwire", "internal/recorded", "internal/measure", "internal/chart"}, public...),
		why: "a command shows what is below it, the codecs too; nobody imports a command"},
	{dir: "examples/*", layer: program, may: public,
		why: "an example shows what users can write, so it has what they have"},
	{dir: "interop", layer: program, may: public, tests: []string{"internal/dmtpwire", "internal/campuswire", "internal/recorded", "internal/fdtest", "internal/otheruser"},
		why: "the suite drives processes and replays what .NET processes wrote; beside that it knows what is public"},
	{dir: "interop/internal/control", layer: codec,
		why: "it knows lines and bytes of the control protocol, and nothing that the programs do with them"},
	{dir: "interop/*", layer: program, may: append([]string{"interop/internal/control"}, public...),
		why: "the peer is a program like those of users"},
	{dir: "survival", layer: program, tests: append([]string{"internal/fdtest", "internal/otheruser", "internal/dmtpwire", "internal/bellwire", "internal/campuswire"}, public...),
		why: "the promises are tested with what users have, the wire of both modes"},
	{dir: "bench/rival", layer: codec,
		why: "it says what a peer must offer, and knows none"},
	{dir: "bench/workload", layer: contract, may: []string{"bench/rival"},
		why: "it says what is measured, not how nor with whom"},
	{dir: "bench/worker", layer: carrier, may: []string{"bench/rival", "bench/workload", "internal/measure"},
		why: "it does what it is told with any peer"},
	{dir: "bench/rivals", layer: adapter, may: []string{"bench/rival", "bench/worker", ".", "dmtp", "campus", "transport", "transport/*"},
		why: "what is measured beside others is the public API"},
	{dir: "bench/natsbroker", layer: program, may: []string{"bench/rival", "bench/rivals", "bench/worker"},
		why: "it is a worker with one peer"},
	{dir: "bench/more", layer: program, may: []string{"bench/rival", "bench/worker"},
		why: "it is a worker with peers that are not everywhere to be had"},
	{dir: "bench", layer: program, may: []string{"bench/rival", "bench/rivals", "bench/worker", "bench/workload", "internal/measure", "internal/chart"},
		why: "it starts workers and writes down what they say"},
	{dir: "internal/archtest", layer: program,
		why: "what judges the source must build when the source does not"},
	{dir: "internal/apitest", layer: program,
		why: "the program that it builds is in another module; the test itself needs nothing of ours"},
}

// depsPage lists the dependencies for people; a test holds it against deps.
const depsPage = "docs/deps.md"

// A dep is a module that is not ours and not of the standard library, or a part of one.
type dep struct {
	path    string
	in      []string // packages whose files may import it
	tests   bool     // all test files may import it
	planned bool     // no go.mod requires it yet
	why     string
}

var deps = []dep{
	{path: "golang.org/x/sys", in: []string{"transport/*", "internal/pump", "cmd/*", "bench/worker"}, tests: true,
		why: "system calls that package syscall does not have; root, codecs and contract do without any"},
	{path: "github.com/spf13/cobra", in: []string{"cmd/*"}, why: "command lines are for commands, not for the library"},
	{path: "github.com/spf13/pflag", in: []string{"cmd/*"}, why: "the flags of cobra"},
	{path: "github.com/rogpeppe/go-internal", tests: true, why: "testscript runs the command in tests"},
	{path: "go.uber.org/goleak", in: []string{"transport/transporttest"}, tests: true,
		why: "tests say which goroutine was left behind"},
	{path: "golang.org/x/net/nettest", in: []string{"transport/transporttest"}, tests: true,
		why: "the suite of the standard library's authors for net.Conn"},
	{path: "github.com/google/go-cmp", tests: true, planned: true, why: "tests say how two values differ"},
	{path: "github.com/vbauerster/mpb/v8", in: []string{"cmd/*"}, why: "progress bars are for people at a terminal"},
	{path: "github.com/HdrHistogram/hdrhistogram-go", in: []string{"internal/measure"},
		why: "percentiles with a bounded error and without a list of all times; commands and benchmarks measure through internal/measure"},
	{path: "google.golang.org/grpc", in: []string{"bench/rivals", "examples/grpc"},
		why: "a rival and a guest, each in a module of its own, so that users do not download it"},
	{path: "google.golang.org/protobuf", in: []string{"bench/rivals"}, why: "the messages of rivals"},
	{path: "connectrpc.com/connect", in: []string{"bench/rivals"}, why: "a rival, in the module bench alone"},
	{path: "github.com/containerd/ttrpc", in: []string{"bench/rivals"}, why: "a rival, in the module bench alone"},
	{path: "storj.io/drpc", in: []string{"bench/rivals"}, why: "a rival, in the module bench alone"},
	{path: "github.com/nats-io/nats.go", in: []string{"bench/rivals"}, why: "a rival, in the module bench alone"},
	{path: "github.com/lesismal/arpc", in: []string{"bench/more"}, planned: true, why: "a rival, with its build tag alone"},
	{path: "go.nanomsg.org/mangos/v3", in: []string{"bench/more"}, planned: true, why: "a rival, with its build tag alone"},
	{path: "github.com/cloudwego/shmipc-go", in: []string{"bench/more"}, planned: true, why: "a rival, with its build tag alone"},
	{path: "github.com/pebbe/zmq4", in: []string{"bench/more"}, planned: true, why: "a rival, with its build tag alone; it needs cgo"},
	{path: "github.com/nats-io/nats-server/v2", in: []string{"bench/natsbroker"}, why: "a rival's server, in the module bench alone"},
}

// maxLines is the length at which a file has to say why it is not two.
const maxLines = 500

// longFiles are the files above maxLines, each with its reason.
var longFiles = map[string]string{}

// printers are the packages whose files may write to the standard streams.
var printers = []string{"cmd/*", "examples/*", "interop/*", "bench", "bench/natsbroker", "bench/more"}

// mutable are the variables of packages that functions may assign to, each with its reason.
var mutable = map[string]string{}
