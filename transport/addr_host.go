package transport

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// maxHost is the longest host name there can be in bytes.
const maxHost = 253

// webPorts are the ports of the schemes that have one of their own.
var webPorts = map[string]string{"ws": "80", "http": "80", "wss": "443", "https": "443"}

// hostRest canonicalises HOST:PORT and appends suffix. The web schemes have a default port; the others may leave out
// the host, which stands for all interfaces when listening and for this machine when dialling.
func hostRest(s string, a Addr, suffix string) (Addr, error) {
	host, port, err := splitHost(a.Rest, webPorts[a.Scheme])
	if err != nil {
		return Addr{}, badAddr(s, "want %s:HOST:PORT: %w", a.Scheme, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return Addr{}, badAddr(s, "port %q is no number from 0 to 65535", port)
	}
	if host, err = canonicalHost(host); err != nil {
		return Addr{}, badAddr(s, "host %q %w", host, err)
	}
	a.Rest = net.JoinHostPort(host, strconv.FormatUint(n, 10)) + suffix
	return a, nil
}

// splitHost takes HOST:PORT, and where there is a default port also HOST, [IPv6] and IPv6.
func splitHost(rest, def string) (host, port string, err error) {
	if host, port, err = net.SplitHostPort(rest); err == nil {
		return host, port, nil
	}
	bare := rest
	if strings.HasPrefix(bare, "[") && strings.HasSuffix(bare, "]") {
		bare = bare[1 : len(bare)-1]
	}
	if def == "" || bare == "" || strings.Count(bare, ":") == 1 {
		why, _ := errors.AsType[*net.AddrError](err) // its text repeats the address; the reason is enough
		return "", "", errors.New(why.Err)
	}
	return bare, def, nil
}

// canonicalHost gives the one spelling of an IP address, and of a name its lower case. It gives host back with an
// error. Names are ASCII: what people write in other scripts travels in the xn-- form, and a name that looks like an
// IPv4 address but is none would be asked of the name server.
func canonicalHost(host string) (string, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().String(), nil
	}
	onlyDigits := host != ""
	for _, r := range host {
		switch {
		case r >= '0' && r <= '9' || r == '.':
			continue
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_':
			onlyDigits = false
		default:
			return host, errors.New("is no IP address, and no name that holds letters, digits, dots and hyphens")
		}
	}
	switch {
	case onlyDigits:
		return host, errors.New("is no IP address")
	case len(host) > maxHost:
		return host, errors.New("is longer than a name can be")
	}
	return strings.ToLower(host), nil
}
