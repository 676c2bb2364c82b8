/** A vocabulary cut for masks: the tokens of text, and tries of the others by their length. */

import { TOKEN_FLAG, type VocabularyBytes } from "../../tokenizer/types.ts";
import { TokenText, textCharacters } from "./token-text.ts";
import { TrieWalk } from "./trie-walk.ts";
import { buildVocabularyTrie, type VocabularyTrie } from "./vocabulary-trie.ts";

export interface VocabularyTries {
  readonly text: TokenText;
  /** Of the tokens of text, by length. */
  readonly texts: readonly VocabularyTrie[];
  /** Of the tokens that are no text, by length. */
  readonly others: readonly VocabularyTrie[];
  readonly walk: TrieWalk;
}

/** Bytes of the longest tokens of each trie but the last. */
const LENGTHS = [4, 8, 16, 32] as const;
/** Control and end tokens have no bytes of a text, whatever they are spelled like. */
export const NOT_TEXT = TOKEN_FLAG.hidden | TOKEN_FLAG.control | TOKEN_FLAG.endOfGeneration;

/** Two tenths of a second of work for 128k tokens; to be kept as long as the vocabulary. */
export function buildVocabularyTries(vocabulary: VocabularyBytes): VocabularyTries {
  const { offsets, flags } = vocabulary;
  const texts: number[] = [];
  const others: number[] = [];
  const characters = textCharacters(vocabulary);
  for (let id = 0; id < characters.length; id += 1) {
    if (((flags[id] ?? 0) & NOT_TEXT) !== 0 || offsets[id + 1] === offsets[id]) continue;
    (characters[id] === 0 ? others : texts).push(id);
  }
  const tries = { texts: byLength(vocabulary, texts), others: byLength(vocabulary, others) };
  const depth = Math.max(...[...tries.texts, ...tries.others].map(({ maxDepth }) => maxDepth), 0);
  const wordCount = Math.ceil(flags.length / 32);
  return { text: new TokenText(wordCount, texts, characters), ...tries, walk: new TrieWalk(wordCount, depth) };
}

function byLength(vocabulary: VocabularyBytes, ids: readonly number[]): readonly VocabularyTrie[] {
  const { offsets } = vocabulary;
  const groups: number[][] = [...LENGTHS, Infinity].map(() => []);
  for (const id of ids) {
    const length = (offsets[id + 1] ?? 0) - (offsets[id] ?? 0);
    let group = 0;
    while (length > (LENGTHS[group] ?? Infinity)) group += 1;
    groups[group]?.push(id);
  }
  return groups
    .filter((group) => group.length > 0)
    .map((group) => buildVocabularyTrie(vocabulary, Int32Array.from(group)));
}
