/**
 * The tokeniser's vocabulary, of bytes and merges. Merges never join a space or punctuation to letters, so that
 * a value has the same tokens after a space, a quote or a bracket, and a small model can copy it token by token.
 * The exceptions are function words with their space and the punctuation of JSON, which are no part of values.
 */

import { CHARACTER_OF_BYTE } from "../src/text/tokenizer/byte-alphabet.ts";
import { trainMerges } from "./train-merges.ts";

/** Qwen 2's pattern with single digits, which llama.cpp knows as "qwen2". */
const WORDS =
  /'(?:s|t|re|ve|m|ll|d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+/giu;

/** Said often, never the beginning of a value; with their space they are one token. */
const FUNCTION_WORDS =
  `the a an is of to in on for with and or you can me at it by from please I my your be are that this what which do does
  was have has no not if as all into will would could should need want like use tool tools one its what's than then
  more there here how much many now where when who about id called new user integer string number boolean list name
  type value whether done set these them they their help helps small assistant`.split(/\s+/);

/** What may be merged with each other: the punctuation of JSON and of the template. */
const STRUCTURE = /^[Ġ Ċ":,{}[\]()?\-|.]+$/;

const letters = /\p{L}+/u;

export interface TrainedVocabulary {
  /** In the byte alphabet, by id. */
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

const STRUCTURE_MERGES = 64;

export class WordCounter {
  readonly #letters = new Map<string, number>();
  readonly #structure = new Map<string, number>();

  add(text: string): void {
    for (const [word] of text.matchAll(WORDS)) {
      const found = letters.exec(word)?.[0];
      if (found !== undefined) count(this.#letters, inAlphabet(found));
      else if (STRUCTURE.test(inAlphabet(word))) count(this.#structure, inAlphabet(word));
    }
  }

  /** Just `size` tokens: bytes, then letters' merges, structure, function words. */
  train(size: number): TrainedVocabulary {
    const space = CHARACTER_OF_BYTE[0x20] ?? "";
    const structure = trainMerges(this.#structure, STRUCTURE_MERGES);
    const words = trainMerges(this.#letters, size - CHARACTER_OF_BYTE.length - structure.length);
    const build = (wordMerges: number): TrainedVocabulary => {
      const chosen = words.slice(0, wordMerges);
      const known = new Set(chosen.map((pair) => pair.join("")));
      const spaced = FUNCTION_WORDS.filter((word) => known.has(word)).map((word) => [space, word] as const);
      const merges = [...chosen, ...structure, ...spaced];
      return { merges, tokens: [...new Set([...CHARACTER_OF_BYTE, ...merges.map((pair) => pair.join(""))])] };
    };
    // Function words count only once their merges are there, so the number of words is found by trying.
    let wordMerges = words.length;
    while (build(wordMerges).tokens.length > size) wordMerges -= 1;
    return build(wordMerges);
  }
}

function count(counts: Map<string, number>, word: string): void {
  counts.set(word, (counts.get(word) ?? 0) + 1);
}

const encoder = new TextEncoder();

function inAlphabet(text: string): string {
  return [...encoder.encode(text)].map((byte) => CHARACTER_OF_BYTE[byte]).join("");
}
