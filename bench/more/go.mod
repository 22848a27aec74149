module github.com/bellpull/bellpull/bench/more

go 1.26.0

require github.com/bellpull/bellpull/bench v0.0.0

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0 // indirect
	github.com/bellpull/bellpull v0.0.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/bellpull/bellpull => ../../
	github.com/bellpull/bellpull/bench => ../
)
