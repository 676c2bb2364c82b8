/**
 * Random patterns of what ECMAScript's regular expressions and the grammar have in common, each with texts
 * that it matches, or nearly.
 */

import { at } from "../../src/base/invariant.ts";
import { uniforms } from "./random-values.ts";

interface Piece {
  readonly source: string;
  /** A text that the piece matches as a whole. */
  readonly sample: () => string;
}

/** Of a class or an escape: some characters that it takes. */
const SETS: readonly (readonly [source: string, characters: string])[] = [
  ["a", "a"],
  ["b", "b"],
  ["é", "é"],
  ["😀", "😀"],
  ['"', '"'],
  ["\\\\", "\\"],
  ["\\.", "."],
  ["\\n", "\n"],
  ["\\u0061", "a"],
  ["\\u{1F600}", "😀"],
  ["\\x62", "b"],
  [".", 'ab1 é😀"\\'],
  ["\\d", "0179"],
  ["\\D", "ab é"],
  ["\\w", "ab1_"],
  ["\\W", 'é😀 "-'],
  ["\\s", " \n\u2028"],
  ["\\S", "ab1é"],
  ["[ab]", "ab"],
  ["[a-c1]", "ab1"],
  ["[^a]", "b1 é😀"],
  ["[^\\s\\d]", "abé"],
  ["[\\w.-]", "a1.-"],
  ["[é-ü]", "éù"],
  ["[😀-😆]", "😀😃"],
  ["\\p{L}", "abéж"],
  ["\\P{L}", "1 😀"],
  ["\\p{Lu}", "AÉЖ"],
];
const ALPHABET = Array.from('ab1Aé ж😀"\\\n.-_');

export class RandomPatterns {
  readonly #uniform: () => number;

  constructor(seed: number) {
    this.#uniform = uniforms(seed);
  }

  next(): { readonly source: string; readonly texts: readonly string[] } {
    const branches = Array.from({ length: 1 + this.#int(2) }, () => this.#branch());
    const texts: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      const text = at(branches, this.#int(branches.length)).sample();
      texts.push(text, this.#near(text), this.#near(this.#near(text)), this.#letters(2) + text + this.#letters(2));
    }
    return {
      source: branches.map(({ source }) => source).join("|"),
      texts: [...texts, "", this.#letters(6)].filter(isShort),
    };
  }

  #branch(): Piece {
    const inner = this.#sequence(1);
    const start = this.#uniform() < 0.5 ? "^" : "";
    return { ...inner, source: start + inner.source + (this.#uniform() < 0.5 ? "$" : "") };
  }

  #sequence(depth: number): Piece {
    const items = Array.from({ length: 1 + this.#int(3) }, () => this.#repeated(depth));
    return {
      source: items.map(({ source }) => source).join(""),
      sample: () => items.map(({ sample }) => sample()).join(""),
    };
  }

  #repeated(depth: number): Piece {
    const item = this.#atom(depth);
    if (this.#uniform() < 0.5) return item;
    const [source, min, max] = at(BOUNDS, this.#int(BOUNDS.length));
    const lazy = this.#uniform() < 0.2 ? "?" : "";
    const sample = (): string => Array.from({ length: min + this.#int(max - min + 1) }, () => item.sample()).join("");
    return { source: item.source + source + lazy, sample };
  }

  #atom(depth: number): Piece {
    if (depth === 0 || this.#uniform() < 0.6) {
      const [source, characters] = at(SETS, this.#int(SETS.length));
      const list = Array.from(characters);
      return { source, sample: () => at(list, this.#int(list.length)) };
    }
    const options = Array.from({ length: 1 + this.#int(3) }, () => this.#sequence(depth - 1));
    const open = at(["(", "(?:"], this.#int(2));
    return {
      source: `${open}${options.map(({ source }) => source).join("|")})`,
      sample: () => at(options, this.#int(options.length)).sample(),
    };
  }

  /** A character more, less, or another. */
  #near(text: string): string {
    const characters = Array.from(text);
    const place = this.#int(characters.length + 1);
    return characters.toSpliced(place, this.#int(2), ...Array.from(this.#letters(this.#int(2)))).join("");
  }

  #letters(length: number): string {
    return Array.from({ length }, () => at(ALPHABET, this.#int(ALPHABET.length))).join("");
  }

  #int(below: number): number {
    return Math.floor(this.#uniform() * below);
  }
}

/** RegExp goes back and forth, and takes for ever on some longer ones. */
const isShort = (text: string): boolean => text.length <= 20;

const BOUNDS: readonly (readonly [source: string, min: number, max: number])[] = [
  ["*", 0, 3],
  ["+", 1, 3],
  ["?", 0, 1],
  ["{2}", 2, 2],
  ["{1,3}", 1, 3],
  ["{0,2}", 0, 2],
  ["{2,}", 2, 4],
];
