/**
 * SentencePiece's compiled normaliser, `precompiled_charsmap`: a double-array trie from spellings to
 * offsets of their replacements, then the replacements, each ended by a zero. At each place the longest
 * spelling is replaced; what has none stays.
 * Source: SentencePiece, src/normalizer.cc; darts-clone for the trie's layout.
 */

import { fail } from "../../base/errors.ts";
import { utf8Length } from "./utf8-text.ts";

/** The largest known, NFKC with case folding, has 320,000 bytes. */
const MAX_CHARSMAP_BYTES = 16 * 1024 * 1024;
/** Every spelling is shorter; it ends the walk of a trie that has a cycle. */
const MAX_SPELLING_BYTES = 256;

/** Throws `tokenizer_invalid` for bytes that are no charsmap. */
export function createCharsmap(bytes: Uint8Array): (text: string) => string {
  if (bytes.length === 0) return (text) => text;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const trieBytes = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (trieBytes < 4 || trieBytes % 4 !== 0 || trieBytes + 4 >= bytes.length || bytes.length > MAX_CHARSMAP_BYTES) {
    return fail("tokenizer_invalid", { problem: "precompiled_charsmap does not hold a trie and its replacements." });
  }
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, index) => view.getUint32(4 + index * 4, true));
  const replacements = bytes.subarray(4 + trieBytes);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();

  const replacementAt = (offset: number): Uint8Array => {
    const end = replacements.indexOf(0, offset);
    return replacements.subarray(offset, end < 0 ? replacements.length : end);
  };
  return (text) => {
    const from = encoder.encode(text);
    const parts: string[] = [];
    let kept = 0;
    for (let start = 0; start < from.length;) {
      const match = longestSpelling(units, from, start);
      if (match === null) {
        start += utf8Length(from[start] ?? 0);
        continue;
      }
      parts.push(decoder.decode(from.subarray(kept, start)), decoder.decode(replacementAt(match.offset)));
      start += match.length;
      kept = start;
    }
    return kept === 0 ? text : parts.join("") + decoder.decode(from.subarray(kept));
  };
}

/** The longest spelling at `start`: its length, and the offset of its replacement. */
function longestSpelling(
  units: Uint32Array,
  bytes: Uint8Array,
  start: number,
): { readonly length: number; readonly offset: number } | null {
  let found: { readonly length: number; readonly offset: number } | null = null;
  let node = childrenOf(units[0] ?? 0);
  const end = Math.min(bytes.length, start + MAX_SPELLING_BYTES);
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    // A zero byte leads to a leaf's value and not to a node.
    if (byte === 0) break;
    const place = node ^ byte;
    const unit = units[place];
    if (unit === undefined || (unit & 0x800000ff) !== byte) break;
    node = place ^ childrenOf(unit);
    const hasLeaf = ((unit >>> 8) & 1) === 1;
    if (hasLeaf) found = { length: index + 1 - start, offset: (units[node] ?? 0) & 0x7fffffff };
  }
  return found;
}

/** The part of a unit that leads from a node to its children. */
function childrenOf(unit: number): number {
  return ((unit >>> 10) << ((unit & (1 << 9)) >>> 6)) >>> 0;
}
