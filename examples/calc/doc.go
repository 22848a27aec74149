// Package calc holds the two smallest programs: a server and a client, each a command of its own.
//
//	go run ./examples/calc/server
//	go run ./examples/calc/client
package calc
