/**
 * The tokens of a vocabulary that a JSON string takes whole: complete characters, none of which is a
 * quote, a backslash or a control. They are most of a vocabulary, so that what they have in common is
 * worked out once: a state in which any text may come allows them without looking at each.
 */

import { at, invariant } from "../../../base/invariant.ts";
import type { VocabularyBytes } from "../../tokenizer/types.ts";

/** Tokens of more characters are few and count as no text. */
export const MAX_TEXT_CHARACTERS = 64;

export class TokenText {
  /** By characters, each with the tokens of fewer too; made when first asked for. */
  readonly #masks: Uint32Array[] = [];
  readonly #byCharacters: readonly (readonly number[])[];
  readonly #wordCount: number;

  /** `ids`: the tokens of text; `characters`: of every token, as textCharacters() counts them. */
  constructor(wordCount: number, ids: readonly number[], characters: Uint8Array) {
    this.#wordCount = wordCount;
    const byCharacters = Array.from({ length: MAX_TEXT_CHARACTERS + 1 }, (): number[] => []);
    for (const id of ids) at(byCharacters, at(characters, id)).push(id);
    this.#byCharacters = byCharacters;
  }

  /** The tokens of at most `characters` characters. Not to be changed. */
  mask(characters: number): Uint32Array {
    invariant(characters >= 0, "a count of characters");
    const length = Math.min(characters, MAX_TEXT_CHARACTERS);
    const known = this.#masks[length];
    if (known !== undefined) return known;
    const words = length === 0 ? new Uint32Array(this.#wordCount) : this.mask(length - 1).slice();
    for (const id of at(this.#byCharacters, length)) words[id >> 5] = (words[id >> 5] ?? 0) | (1 << (id & 31));
    this.#masks[length] = words;
    return words;
  }
}

/** By token: its characters; 0 where it is no text or longer than MAX_TEXT_CHARACTERS. */
export function textCharacters({ bytes, offsets, flags }: VocabularyBytes): Uint8Array {
  const characters = new Uint8Array(flags.length);
  for (let id = 0; id < flags.length; id += 1) {
    const end = offsets[id + 1] ?? 0;
    let count = 0;
    let index = offsets[id] ?? 0;
    while (index < end) {
      const length = characterBytes(bytes, index, end);
      if (length === 0) break;
      index += length;
      count += 1;
    }
    if (index === end && count <= MAX_TEXT_CHARACTERS) characters[id] = count;
  }
  return characters;
}

/** Bytes of the character at `index`, or 0 where there is none that text may hold. The ranges are those of Unicode's table 3-7. */
function characterBytes(bytes: Uint8Array, index: number, end: number): number {
  const lead = bytes[index] ?? 0;
  if (lead < 0x80) return lead < 0x20 || lead === 0x22 || lead === 0x5c ? 0 : 1;
  const form = UTF8_FORMS.find(({ leads: [low, high] }) => lead >= low && lead <= high);
  if (form === undefined || index + 1 + form.further > end) return 0;
  const [low, high] = form.second;
  for (let offset = 1; offset <= form.further; offset += 1) {
    const byte = bytes[index + offset] ?? 0;
    if (byte < (offset === 1 ? low : 0x80) || byte > (offset === 1 ? high : 0xbf)) return 0;
  }
  return 1 + form.further;
}

export interface Utf8Form {
  readonly leads: readonly [number, number];
  readonly second: readonly [number, number];
  /** Bytes after the first. */
  readonly further: number;
}

/** The Unicode Standard, table 3-7: well-formed UTF-8 of more than one byte. */
export const UTF8_FORMS: readonly Utf8Form[] = [
  { leads: [0xc2, 0xdf], second: [0x80, 0xbf], further: 1 },
  { leads: [0xe0, 0xe0], second: [0xa0, 0xbf], further: 2 },
  { leads: [0xe1, 0xec], second: [0x80, 0xbf], further: 2 },
  { leads: [0xed, 0xed], second: [0x80, 0x9f], further: 2 },
  { leads: [0xee, 0xef], second: [0x80, 0xbf], further: 2 },
  { leads: [0xf0, 0xf0], second: [0x90, 0xbf], further: 3 },
  { leads: [0xf1, 0xf3], second: [0x80, 0xbf], further: 3 },
  { leads: [0xf4, 0xf4], second: [0x80, 0x8f], further: 3 },
];
