import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStopMatcher } from "../../text/stop-strings.ts";
import { ChoiceOutput, type Finish } from "./choice-output.ts";
import type { WireDelta } from "../threads/step-messages.ts";
import { createTokenDecoder } from "./token-decoder.ts";

const END = 256;

/** Token i is the byte i; 256 ends the output. */
const BYTE_VOCABULARY = {
  bytes: Uint8Array.from({ length: 256 }, (_, byte) => byte),
  offsets: Uint32Array.from({ length: 258 }, (_, id) => Math.min(id, 256)),
  flags: Uint8Array.from({ length: 257 }, (_, id) => (id === END ? 3 : 0)),
  dropsFirstSpace: false,
  endOfGenerationIds: [END],
};

function makeOutput(stop: readonly string[] = [], maxTokens = 1000): ChoiceOutput {
  const matcher = stop.length === 0 ? null : createStopMatcher(stop);
  const limits = { maxTokens, endTokens: new Set([END]) };
  return new ChoiceOutput(0, limits, createTokenDecoder(BYTE_VOCABULARY, false), matcher);
}

/** Feeds tokens until one finishes the output. */
function feed(output: ChoiceOutput, tokens: Iterable<number>): { deltas: (WireDelta | null)[]; finish: Finish | null } {
  const deltas: (WireDelta | null)[] = [];
  for (const token of tokens) {
    const { delta, finish } = output.push({ token });
    deltas.push(delta);
    if (finish !== null) return { deltas, finish };
  }
  return { deltas, finish: null };
}

function bytesOf(text: string): number[] {
  return [...Buffer.from(text)];
}

function brief(deltas: readonly (WireDelta | null)[]) {
  return deltas.map((delta) => (delta === null ? null : [delta.text, delta.tokens.map(({ token }) => token)]));
}

describe("ChoiceOutput", () => {
  it("holds the tokens of a character until the character is whole", () => {
    const { deltas } = feed(makeOutput(), bytesOf("aé"));
    expect(brief(deltas)).toEqual([["a", [97]], null, ["é", [0xc3, 0xa9]]]);
  });

  it("holds tokens while their text may be part of a stop string", () => {
    const { deltas } = feed(makeOutput(["xyz"]), bytesOf("axyb"));
    expect(brief(deltas)).toEqual([["a", [97]], null, null, ["xyb", [120, 121, 98]]]);
  });

  it("gives the stop string's tokens with the last text before it", () => {
    const { deltas, finish } = feed(makeOutput(["xyz"]), bytesOf("axyz"));
    expect(brief(deltas)).toEqual([["a", [97]], null, null, ["", [120, 121, 122]]]);
    expect(finish).toEqual({ reason: "stop", stopString: "xyz" });
  });

  it("lets go of what it held at an end token and at the limit", () => {
    const ended = feed(makeOutput(["xyz"]), [...bytesOf("xy"), END]);
    expect(brief(ended.deltas)).toEqual([null, null, ["xy", [120, 121, END]]]);
    expect(ended.finish).toEqual({ reason: "stop", stopString: null });
    const limited = feed(makeOutput([], 2), [0x61, 0xc3]);
    expect(brief(limited.deltas)).toEqual([
      ["a", [97]],
      ["\ufffd", [0xc3]],
    ]);
    expect(limited.finish).toEqual({ reason: "length", stopString: null });
  });

  it("loses no token and no text, whatever comes", () => {
    const property = fc.property(
      fc.array(fc.oneof(fc.nat(255), fc.constantFrom(...bytesOf("abé世🙂"))), { minLength: 1, maxLength: 40 }),
      fc.array(fc.constantFrom("ab", "ba", "é", "aab"), { maxLength: 2 }),
      (tokens, stop) => {
        const { deltas, finish } = feed(makeOutput(stop, tokens.length), tokens);
        const given = deltas.flatMap((delta) => delta?.tokens.map(({ token }) => token) ?? []);
        expect(given).toEqual(tokens.slice(0, given.length));
        const text = deltas.map((delta) => delta?.text ?? "").join("");
        const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(given));
        // All of the text, or what stands before the stop string.
        const rest = finish === null ? "no finish" : (finish.stopString ?? "");
        expect(whole.slice(0, text.length + rest.length)).toBe(text + rest);
        expect(rest !== "" || text === whole).toBe(true);
        for (const each of stop) expect(text).not.toContain(each);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
