// Package apitest has tests only: they build a program that lives in another module, against this checkout and without
// a network, and run it. What it uses is the API that programs outside the repository compile against.
package apitest
