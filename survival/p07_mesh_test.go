//go:build linux || darwin

package survival

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/bellpull/bellpull"
)

// meshProgram is one of several processes that all dial each other at once: mesh WAY NAME OTHER=ADDRESS…, its own among
// them. It says "ready" when it listens and "meshed" when all dials are back. With every line that it reads it calls all
// peers, each by the handle that its dial gave, and says who answered: "said anna 71, carl 73 over 2".
func meshProgram(args []string) {
	w, err := parseWay(args[0])
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	name, at := args[1], map[string]string{}
	m := bellpull.NewMux()
	m.Handle("who", bellpull.HandlerFunc(func(w *bellpull.Reply, _ *bellpull.Request) { fmt.Fprint(w, name, " ", os.Getpid()) }))
	n := bellpull.NewNode(name, bellpull.WithMux(m), bellpull.WithTransports(dice{}))
	for _, a := range args[2:] {
		other, addr, _ := strings.Cut(a, "=")
		at[other] = addr
		if err := n.Know(other, addr); err != nil {
			fmt.Println("failed", err)
			return
		}
	}
	proto := w.protocol(nil)
	if err := n.Listen(context.Background(), at[name], proto); err != nil {
		fmt.Println("failed", err)
		return
	}
	defer closeNode(n)
	delete(at, name)
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan() // until all listen, or some do not yet
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		peers = map[string]*bellpull.Peer{}
	)
	for other, addr := range at {
		wg.Go(func() {
			p, err := n.Dial(ctx, addr, proto, bellpull.WaitForServer())
			if err != nil {
				fmt.Println("failed", other, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			peers[other] = p
		})
	}
	wg.Wait()
	fmt.Println("meshed")
	for lines.Scan() {
		fmt.Println("said", whoAnswers(peers), "over", count(n))
	}
}

// whoAnswers calls peers at once and gives what they say.
func whoAnswers(peers map[string]*bellpull.Peer) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		said []string
	)
	for other, p := range peers {
		wg.Go(func() {
			got, err := p.CallBytes(bellpull.WithCall(ctx, bellpull.Idempotent()), "who", nil, ding)
			if err != nil {
				got = fmt.Append(nil, other, " ", err)
			}
			mu.Lock()
			defer mu.Unlock()
			said = append(said, string(got))
		})
	}
	wg.Wait()
	sort.Strings(said)
	return strings.Join(said, ", ")
}

// A meshed is a process of a mesh.
type meshed struct {
	*process
	name string
}

// join starts a process of a mesh.
func (w way) join(t testing.TB, name string, at map[string]string) *meshed {
	t.Helper()
	args := []string{w.String(), name}
	for other, addr := range at {
		args = append(args, other+"="+addr)
	}
	return &meshed{start(t, "mesh", args...), name}
}

func (m *meshed) tell() { io.WriteString(m.in.(io.Writer), "go\n") }

// pid gives the process's number.
func (m *meshed) pid() int { return m.cmd.Process.Pid }

// meshes waits until the process has dialled all the others.
func (m *meshed) meshes(t testing.TB) {
	t.Helper()
	if said := m.says(t); said != "meshed" {
		t.Fatalf("%s: %s", m.name, said)
	}
}

// sees has a process call all others, and wants these to answer, over one link each.
func (m *meshed) sees(t testing.TB, all []*meshed) {
	t.Helper()
	var want []string
	for _, other := range all {
		if other.name != m.name {
			want = append(want, fmt.Sprint(other.name, " ", other.pid()))
		}
	}
	m.tell()
	if said := m.says(t); said != fmt.Sprintf("said %s over %d", strings.Join(want, ", "), len(want)) {
		t.Errorf("%s: %s, want %s", m.name, said, strings.Join(want, ", "))
	}
}

// TestP07AMeshOfProcessesHeals: three processes dial each other at once, and each calls each. One of them is killed and
// started again, in turn: whoever calls it by the handle of before gets the new process, over one link.
func TestP07AMeshOfProcessesHeals(t *testing.T) {
	eachCampusWay(t, func(t *testing.T, w way) {
		if !w.processes() {
			return
		}
		names := strings.Fields("anna bert carl")
		at := w.places(t, names...)
		var all []*meshed
		for _, name := range names {
			all = append(all, w.join(t, name, at))
		}
		for _, m := range all {
			m.tell()
		}
		for _, m := range all {
			m.meshes(t)
		}
		for _, m := range all {
			m.sees(t, all)
		}
		for i := range all {
			all[i].kill()
			<-all[i].over
			all[i] = w.join(t, names[i], at)
			all[i].tell()
			all[i].meshes(t)
			for _, m := range all {
				m.sees(t, all)
			}
		}
		for _, m := range all {
			m.end()
		}
	})
}

// TestP07TheDialledSideKnowsWhoComesBack: a process that dials is killed and started again. The one that it dialled, and
// that never dials itself, calls it by the handle of before; a call that is made meanwhile waits.
func TestP07TheDialledSideKnowsWhoComesBack(t *testing.T) {
	eachCampusWay(t, func(t *testing.T, w way) {
		if !w.processes() {
			return
		}
		at := w.places(t, "anna", "bert")
		node := w.meeter(t, "anna", at)
		defer closeNode(node.Node)
		dialler := w.join(t, "bert", at)
		dialler.tell()
		dialler.meshes(t)
		peer, err := node.Wait(bounded(t), "bert")
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if said := whoAnswers(map[string]*bellpull.Peer{"bert": peer}); said != fmt.Sprint("bert ", dialler.pid()) {
				t.Errorf("bert, process %d, says %q", dialler.pid(), said)
			}
			dialler.kill()
			<-dialler.over
			said := make(chan string, 1)
			go func() { said <- whoAnswers(map[string]*bellpull.Peer{"bert": peer}) }()
			dialler = w.join(t, "bert", at)
			dialler.tell()
			dialler.meshes(t)
			if got := arrives(t, "the answer of a call that waited", said); got != fmt.Sprint("bert ", dialler.pid()) {
				t.Errorf("a call that waited for process %d got %q", dialler.pid(), got)
			}
			if p, err := node.Wait(bounded(t), "bert"); p != peer || err != nil || count(node.Node) != 1 {
				t.Errorf("bert is another peer now, %v; %d links", err, count(node.Node))
			}
		}
		dialler.end()
	})
}
