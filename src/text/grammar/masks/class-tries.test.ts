import { expect, it } from "vitest";
import { buildVocabularyBytes, tokenBytes } from "../../tokenizer/vocabulary-bytes.ts";
import { uniforms } from "../../../../test/support/random-values.ts";
import { mergeTrie } from "./class-tries.ts";
import { buildVocabularyTrie, type VocabularyTrie } from "./vocabulary-trie.ts";

/** Each token with the bytes on its way. */
function waysIn({ nodeCount, bytes, depths, tokenStarts, tokens, skips, roots }: VocabularyTrie): [number, string][] {
  const way: number[] = [];
  const ways: [number, string][] = [];
  for (let node = 0; node < nodeCount; node += 1) {
    const depth = depths[node] ?? 0;
    expect(depth > 0 || roots[bytes[node] ?? 0] === node).toBe(true);
    expect(skips[node]).toBeGreaterThan(node);
    way.length = depth;
    way.push(bytes[node] ?? 0);
    for (let at = tokenStarts[node] ?? 0; at < (tokenStarts[node + 1] ?? 0); at += 1) {
      ways.push([tokens[at] ?? 0, String.fromCharCode(...way)]);
    }
  }
  return ways;
}

/** Letters, digits, and the rest. */
const classOf = (byte: number): number => (byte >= 0x61 ? 2 : byte >= 0x30 ? 1 : 0);

it("puts the tokens together whose bytes are of the same classes, and no others", () => {
  const uniform = uniforms(5);
  const letter = (): string => "abcxyz019-"[Math.floor(uniform() * 10)] ?? "";
  const texts = new Set(Array.from({ length: 400 }, () => Array.from({ length: 1 + uniform() * 5 }, letter).join("")));
  const vocabulary = buildVocabularyBytes({
    kind: "bpe",
    pre: "default",
    tokens: [...texts],
    merges: [],
    tokenTypes: new Int32Array(texts.size).fill(1),
    eosId: 0,
  });
  const trie = buildVocabularyTrie(vocabulary, Int32Array.from(vocabulary.flags.keys()));
  const merged = mergeTrie(trie, classOf);
  const classes = (bytes: Iterable<number>): string => Array.from(bytes, classOf).join("");
  const ways = waysIn(merged);
  expect(ways.map(([id]) => id).toSorted((a, b) => a - b)).toEqual([...vocabulary.flags.keys()]);
  for (const [id, way] of ways) expect(classes(Buffer.from(way, "latin1"))).toBe(classes(tokenBytes(vocabulary, id)));
  // One node for each beginning of a way.
  const beginnings = new Set(
    [...texts].flatMap((text) => Array.from(text, (_, at) => classes(Buffer.from(text.slice(0, at + 1))))),
  );
  expect(merged.nodeCount).toBe(beginnings.size);
});
