import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reusedInt32 } from "./reused-array.ts";
import { TokenBuffer } from "./token-buffer.ts";
import { TokenHistory } from "./token-history.ts";

describe("TokenBuffer", () => {
  it("grows and never writes to the array it began with", () => {
    const prompt = Int32Array.of(5, 6);
    const buffer = new TokenBuffer(prompt);
    for (let token = 0; token < 200; token++) buffer.push(token);
    expect(prompt).toEqual(Int32Array.of(5, 6));
    expect(buffer.length).toBe(202);
    const out = new Int32Array(4);
    buffer.copyTo(out, 1, 0, 3);
    expect([...out]).toEqual([0, 5, 6, 0]);
    expect(buffer.at(201)).toBe(199);
    expect(() => buffer.at(600)).toThrow(/index 600 is outside/);
  });
});

describe("TokenHistory", () => {
  it("counts what was generated and knows what was prompted", () => {
    const token = fc.integer({ min: 0, max: 200 });
    const property = fc.property(fc.array(token), fc.array(token), (prompt, output) => {
      const history = new TokenHistory();
      for (const id of prompt) history.addPrompt(id);
      for (const id of output) history.addOutput(id);
      const tokens = new Int32Array(history.size + 1).fill(-1);
      const counts = new Int32Array(history.size + 1).fill(-1);
      history.copyTo(tokens, counts, 1);
      const distinct = [...new Set([...prompt, ...output])];
      expect([...tokens]).toEqual([-1, ...distinct]);
      expect([...counts]).toEqual([-1, ...distinct.map((id) => output.filter((each) => each === id).length)]);
    });
    fc.assert(property);
  });
});

describe("ReusedArray", () => {
  it("keeps its content and its view until it must grow", () => {
    const array = reusedInt32(2);
    array.atLeast(2)[1] = 7;
    const view = array.view(2);
    expect(array.view(2)).toBe(view);
    array.atLeast(9)[8] = 3;
    expect([...array.view(9)]).toEqual([0, 7, 0, 0, 0, 0, 0, 0, 3]);
    expect(array.view(2)).not.toBe(view);
    expect([...array.view(2)]).toEqual([0, 7]);
  });
});
