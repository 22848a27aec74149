// Package chart draws lines and bars as SVG, for pages and terminals' users: one file without scripts, fonts or links,
// readable on light and dark pages, with the same bytes for the same data.
//
// It knows nothing of what the numbers mean.
package chart
