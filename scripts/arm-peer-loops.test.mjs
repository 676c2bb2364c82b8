import { expect, test } from "vitest";
import { busiestLoop, functionLines, multiplications } from "./arm-peer-loops.mjs";

/** As GCC writes a function with inline assembly: numbers as labels, and instructions that it does not know as numbers. */
const ASSEMBLY = `
	.type	_Z4gemmi, %function
_Z4gemmi:
.LFB1:
	.cfi_startproc
	mov	x1, 1
#APP
// 12 "file.cpp" 1
	mov x10, x1
1:add x28, x2, #0x8
2:ldr q1, [x28]
.inst 0x4e88a773  // smmla v19.4s, v27.16b, v8.16b
smmla v20.4s, v27.16b, v9.16b
subs x24, x24, #0x1
bgt 2b
bne 1b
5:sdot v1.4s, v2.16b, v3.4b[0]
bgt 5b
// 0 "" 2
#NO_APP
	ret
	.size	_Z4gemmi, .-_Z4gemmi
	.type	_Z12gemm_generici, %function
_Z12gemm_generici:
	ret
	.size	_Z12gemm_generici, .-_Z12gemm_generici
`;

test("finds the innermost loop with the most multiplications", () => {
  const loop = busiestLoop(functionLines(ASSEMBLY, "gemm"));
  expect(loop).toEqual([
    "ldr q1, [x28]",
    "smmla v19.4s, v27.16b, v8.16b",
    "smmla v20.4s, v27.16b, v9.16b",
    "subs x24, x24, #0x1",
  ]);
  expect(multiplications(loop)).toBe(64);
});

test("finds a compiler's own labels", () => {
  const lines = ["mov x1, 1", ".L5:", "sdot v1.4s, v2.16b, v3.16b", "cmp x1, x2", "bne .L5", "ret"];
  expect(busiestLoop(lines)).toEqual(["sdot v1.4s, v2.16b, v3.16b", "cmp x1, x2"]);
});

test("has no loop where there is no product, or no function", () => {
  expect(busiestLoop([".L1:", "add x1, x1, 1", "bne .L1"])).toBeNull();
  expect(busiestLoop(functionLines(ASSEMBLY, "gemv"))).toBeNull();
});
