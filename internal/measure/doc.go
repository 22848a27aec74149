// Package measure times calls. It makes them from several goroutines, each waiting for its answer before it calls again
// (a closed loop) or all together at a rate (an open loop), keeps the times in HDR histograms, and says whether two
// results differ by more than they vary from round to round.
//
// It knows nothing of what a call is.
package measure
