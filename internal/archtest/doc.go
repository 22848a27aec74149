// Package archtest keeps the shape of the source: who may import whom, where unsafe, init and printing are allowed, one
// doc comment a package, no file that grew too long. It has tests only; each rule is a row of a table with its reason.
//
// Files are parsed, not built, so the rules hold for every operating system at once. A rule that names what no longer
// exists fails too, and the tests of this package see every rule fail on small trees that break it.
package archtest
