package campuswire

import (
	"strconv"
	"testing"
)

// TestMemberIDs holds the table of section 6.4: signature, decimal, hex.
func TestMemberIDs(t *testing.T) {
	const arg = "dotnetCampus.Ipc.FakeTests.FakeApis.IRemoteFakeIpcArgumentOrReturn"
	for _, c := range []struct {
		signature string
		want      uint64
		hex       string
	}{
		{GetterSignature("Name"), 15467761036679698775, "D6A886B60DEBD957"},
		{SetterSignature("Name"), 4154127377049786217, "39A66CD704C71769"},
		{GetterSignature("Value"), 16596194552101728572, "E6518703C54BF13C"},
		{SetterSignature("Value"), 14237686106560892213, "C5966C1455138D35"},
		{MethodSignature("F"), 4066924480737401715, "38709E448AB15B73"},
		{MethodSignature("Add", "int", "int"), 4212367674473054951, "3A755614F44E02E7"},
		{MethodSignature("AddAsync", "string", "int"), 3818398923662137203, "34FDAD971F9D9773"},
		{MethodSignature("ShutdownAsync"), 3541289667477347357, "31253030A4BF9C1D"},
		{MethodSignature("F", "string"), 9128418075772481968, "7EAEA7E01FAC71B0"},
		{MethodSignature("F", "string?"), 13103204047197893880, "B5D7EEA83CB0F4F8"},
		{MethodSignature("F", "int?"), 3569636983384436225, "3189E5EC73B9EE01"},
		{MethodSignature("F", "string[]"), 15854208686808221530, "DC0576CD2C1DC75A"},
		{MethodSignature("F", "(double a, uint b)"), 4368699957769911286, "3CA0BD771923BBF6"},
		{MethodSignature("F", "System.Collections.Generic.Dictionary<string, int>"), 11988149290286448947, "A65E764379E00133"},
		{MethodSignature("J", "int[*,*]"), 13300933363416094974, "B896686C338ED8FE"},
		{MethodSignature("S", "System.Collections.Generic.List<string?>"), 3957331140335476092, "36EB43B48E499D7C"},
		{MethodSignature("W", "(int x, (string, bool) y)"), 13359238946653048939, "B9658D0AACD1906B"},
		{MethodSignature("L", TypeText("My.Ns.Outer+Inner")), 3588746748844980350, "31CDCA2771BE387E"},
		{MethodSignature("Z", "@class.Foo"), 8088732810973471085, "7040F3A2B91EE16D"},
		{MethodSignature("N", "nint"), 7380293907048735673, "666C1234BB9EA3B9"},
		{MethodSignature("O", "dynamic"), 1175530603975988894, "105052DB2896D69E"},
		{MethodSignature("MethodWithSameParameterCountOverloading", "long", "long"), 12887429655364553256, "B2D958FDB3D6CA28"},
		{MethodSignature("MethodWithIpcParameterAsync", arg, "string"), 9555788143074781978, "849CFAAFF8DCAB1A"},
	} {
		got := MemberID(c.signature)
		if hex, err := strconv.ParseUint(c.hex, 16, 64); got != c.want || got != hex || err != nil {
			t.Errorf("%s: %d (%X), want %d (%s)", c.signature, got, got, c.want, c.hex)
		}
	}
	for _, c := range [][2]string{
		{GetterSignature("Name"), "get_Name()"},
		{SetterSignature("Name"), "set_Name()"},
		{MethodSignature("F"), "F()"},
		{MethodSignature("Add", "int", "int"), "Add(int,int)"},
		{GetterSignature(TypeText("Probe.IShapeTarget") + ".Title"), "get_Probe.IShapeTarget.Title()"}, // Q18
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}
