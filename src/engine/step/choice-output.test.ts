import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStopMatcher } from "../../text/stop-strings.ts";
import { ChoiceOutput, type Finish } from "./choice-output.ts";
import type { WireDelta } from "../threads/step-messages.ts";
import { createTokenDecoder } from "./token-decoder.ts";

const END = 256;
/** Its name is no text. */
const HIDDEN = 257;
const HIDDEN_NAME = Buffer.from("<|eot|>");

/** Token i is the byte i; 256 ends the output. */
const BYTE_VOCABULARY = {
  bytes: Uint8Array.from([...Array.from({ length: 256 }, (_, byte) => byte), ...HIDDEN_NAME]),
  offsets: Uint32Array.from({ length: 259 }, (_, id) => (id <= HIDDEN ? Math.min(id, 256) : 256 + HIDDEN_NAME.length)),
  flags: Uint8Array.from({ length: 258 }, (_, id) => (id >= END ? 3 : 0)),
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

/** Of tokens; what is hidden has none. */
function textOf(tokens: readonly number[]): string {
  const shown = tokens.filter((token) => token < END);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(shown));
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
    expect(finish).toEqual({ reason: "stop", stopString: "xyz", cut: { tokens: 3, characters: 0 } });
  });

  it("lets go of what it held at an end token and at the limit", () => {
    const ended = feed(makeOutput(["xyz"]), [...bytesOf("xy"), END]);
    expect(brief(ended.deltas)).toEqual([null, null, ["xy", [120, 121, END]]]);
    expect(ended.finish).toEqual({ reason: "stop", stopString: null, cut: null });
    const limited = feed(makeOutput([], 2), [0x61, 0xc3]);
    expect(brief(limited.deltas)).toEqual([
      ["a", [97]],
      ["\ufffd", [0xc3]],
    ]);
    expect(limited.finish).toEqual({ reason: "length", stopString: null, cut: null });
  });

  it("says which tokens a stop string took, though hidden ones have bytes and broken ones more text than bytes", () => {
    const cutOf = (tokens: readonly number[]): unknown => feed(makeOutput(["xyz"]), tokens).finish?.cut;
    expect(cutOf([HIDDEN, ...bytesOf("axyz")])).toEqual({ tokens: 3, characters: 0 });
    expect(cutOf([0xff, 0xc3, ...bytesOf("axyz")])).toEqual({ tokens: 3, characters: 0 });
    const words = {
      ...BYTE_VOCABULARY,
      bytes: Uint8Array.from(Buffer.from("ab xyz")),
      offsets: Uint32Array.of(0, 1, 6),
    };
    const output = new ChoiceOutput(
      0,
      { maxTokens: 9, endTokens: new Set() },
      createTokenDecoder(words, false),
      createStopMatcher(["xyz"]),
    );
    expect(feed(output, [0, 1]).finish?.cut).toEqual({ tokens: 1, characters: 2 });
  });

  it("loses no token and no text, whatever comes", () => {
    const property = fc.property(
      fc.array(fc.oneof(fc.nat(255), fc.constantFrom(HIDDEN, ...bytesOf("abé世🙂"))), {
        minLength: 1,
        maxLength: 40,
      }),
      fc.array(fc.constantFrom("ab", "ba", "é", "aab"), { maxLength: 2 }),
      (tokens, stop) => {
        const { deltas, finish } = feed(makeOutput(stop, tokens.length), tokens);
        const given = deltas.flatMap((delta) => delta?.tokens.map(({ token }) => token) ?? []);
        expect(given).toEqual(tokens.slice(0, given.length));
        const text = deltas.map((delta) => delta?.text ?? "").join("");
        const whole = textOf(given);
        // All of the text, or what stands before the stop string.
        const rest = finish === null ? "no finish" : (finish.stopString ?? "");
        expect(whole.slice(0, text.length + rest.length)).toBe(text + rest);
        expect(rest !== "" || text === whole).toBe(true);
        for (const each of stop) expect(text).not.toContain(each);
        // The tokens that are kept and the characters that no token has are the text.
        const cut = finish?.cut ?? { tokens: 0, characters: 0 };
        const kept = given.slice(0, given.length - cut.tokens);
        expect(textOf(kept) + text.slice(text.length - cut.characters)).toBe(text);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
