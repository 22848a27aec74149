#include "textflag.h"

// func rdtscp() (cpu uint32)
TEXT ·rdtscp(SB), NOSPLIT, $0-4
	RDTSCP
	ANDL $0xfff, CX
	MOVL CX, cpu+0(FP)
	RET

// func extended() (edx uint32)
TEXT ·extended(SB), NOSPLIT, $0-4
	MOVL $0x80000001, AX
	XORL CX, CX
	CPUID
	MOVL DX, edx+0(FP)
	RET
