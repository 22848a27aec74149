package main

import (
	"os"
	"slices"
	"strings"

	"github.com/bellpull/bellpull/transport"
)

// place finds the addresses of the run's processes.
func (r *chaosRun) place(dir string) error {
	clients := r.clients
	if !chaosProtocolOf(r.protocol).listens {
		clients = 0
	}
	for i := range r.servers + clients {
		addr, err := r.transport.addr(dir, r.tag, i)
		if err != nil {
			return err
		}
		if i < r.servers {
			r.addrs = append(r.addrs, addr)
		} else {
			r.own = append(r.own, addr)
		}
	}
	return nil
}

// files lists what is there of the run's addresses.
func (r *chaosRun) files() (list []string) {
	for _, a := range slices.Concat(r.addrs, r.own) {
		list = append(list, r.transport.files(a)...)
	}
	return list
}

// sweep removes what killed processes have left at their addresses, which a run that was interrupted does.
func (r *chaosRun) sweep() {
	for _, path := range r.files() {
		os.Remove(path)
	}
}

// nameAt gives the name of a process that listens at an address, where processes must have one.
func (r *chaosRun) nameAt(who role, addr string) string {
	if a, err := transport.ParseAddr(addr); err == nil && r.transport.byName {
		return a.Rest
	}
	return strings.ReplaceAll(who.String(), " ", "-")
}

// known gives the names and addresses of all processes, where addresses are no names.
func (r *chaosRun) known() map[string]string {
	if len(r.own) == 0 || r.transport.byName {
		return nil
	}
	m := map[string]string{}
	for i, addr := range r.addrs {
		m[r.nameAt(role{true, i}, addr)] = addr
	}
	for i, addr := range r.own {
		m[r.nameAt(role{false, i}, addr)] = addr
	}
	return m
}
