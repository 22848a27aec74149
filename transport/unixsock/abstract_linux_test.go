package unixsock

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bellpull/bellpull/transport"
)

func TestAbstract(t *testing.T) {
	at := fmt.Sprintf("unix:@bellpull-test-%d", os.Getpid())
	_, err := Dial(t.Context(), at)
	wantError(t, err, transport.ErrNoServer)
	l := listen(t, at)
	talks(t, l, at)
	if id := dial(t, at).Identity(); id.PID != os.Getpid() || !id.SameUser {
		t.Errorf("the server is %+v", id)
	}
	accept(t, l)
	_, err = Listen(t.Context(), at)
	wantError(t, err, transport.ErrInUse)
	wantOwner(t, err, os.Getpid())
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	talks(t, listen(t, at), at)
}

func TestAbstractLimit(t *testing.T) {
	name := fmt.Sprintf("@bp%d", os.Getpid())
	name += strings.Repeat("x", maxPath+1-len(name))
	talks(t, listen(t, "unix:"+name), "unix:"+name)
	_, err := Listen(t.Context(), "unix:"+name+"x")
	wantError(t, err, transport.ErrAddress)
	_, err = Dial(t.Context(), "unix:"+name+"x")
	wantError(t, err, transport.ErrAddress)
}
