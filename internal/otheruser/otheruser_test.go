//go:build linux || darwin

package otheruser

import (
	"os/exec"
	"strings"
	"testing"
)

// TestProgramsRunAsTheOtherUser: each command does, one after another, and knows no group of ours.
func TestProgramsRunAsTheOtherUser(t *testing.T) {
	as := Prepare(t)
	for range 2 {
		cmd := exec.Command("/bin/sh", "-c", "id -u; id -G; pwd")
		as(cmd)
		out, err := cmd.CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || strings.Join(got, " ") != "65534 65534 /" {
			t.Errorf("%q, %v", out, err)
		}
	}
}
