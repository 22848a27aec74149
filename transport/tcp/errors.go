package tcp

import (
	"crypto/tls"
	"errors"
	"net"

	"github.com/bellpull/bellpull/transport"
)

func dialError(a transport.Addr, err error) error {
	e := &transport.Error{Op: "dial", Addr: a.String(), Err: err}
	if errors.Is(err, errRefused) {
		e.Kind, e.Advice = transport.ErrNoServer, "start the server, or check the port"
	} else if _, ok := errors.AsType[*net.DNSError](err); ok {
		e.Advice = "check the host name"
	}
	return e
}

func listenError(a transport.Addr, err error) error {
	e := &transport.Error{Op: "listen", Addr: a.String(), Err: err}
	if errors.Is(err, errInUse) {
		e.Kind, e.Advice = transport.ErrInUse, "stop the process that has the port, or listen on port 0 for a free one"
	}
	return e
}

func handshakeError(a transport.Addr, err error) error {
	e := &transport.Error{Op: "dial", Addr: a.String(), Err: err}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		e.Kind, e.Advice = transport.ErrNotTrusted, "give ClientTLS the root that signed the server's certificate"
	} else if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		e.Advice = "the server does not speak TLS; try tcp:"
	}
	return e
}
