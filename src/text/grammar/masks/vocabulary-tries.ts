/** A vocabulary cut for masks: the tokens of text, and tries of the others by their length. */

import { TOKEN_FLAG, type VocabularyBytes } from "../../tokenizer/types.ts";
import { TokenText, textCharacters } from "./token-text.ts";
import { TrieWalk } from "./trie-walk.ts";
import { buildVocabularyTrie, type VocabularyTrie } from "./vocabulary-trie.ts";

export interface VocabularyTries {
  readonly text: TokenText;
  /** Of the tokens that are no text, by length. */
  readonly others: readonly VocabularyTrie[];
  readonly walk: TrieWalk;
}

/** Bytes of the longest tokens of each trie but the last. */
const LENGTHS = [4, 16] as const;
/** Control and end tokens have no bytes of a text, whatever they are spelled like. */
const NOT_TEXT = TOKEN_FLAG.hidden | TOKEN_FLAG.control | TOKEN_FLAG.endOfGeneration;

/** Two tenths of a second of work for 128k tokens; to be kept as long as the vocabulary. */
export function buildVocabularyTries(vocabulary: VocabularyBytes): VocabularyTries {
  const { offsets, flags } = vocabulary;
  const texts: number[] = [];
  const byLength: number[][] = [...LENGTHS, Infinity].map(() => []);
  const characters = textCharacters(vocabulary);
  for (let id = 0; id < characters.length; id += 1) {
    const length = (offsets[id + 1] ?? 0) - (offsets[id] ?? 0);
    if (((flags[id] ?? 0) & NOT_TEXT) !== 0 || length === 0) continue;
    if (characters[id] !== 0) texts.push(id);
    else byLength[LENGTHS.filter((end) => length > end).length]?.push(id);
  }
  const text = new TokenText(vocabulary, texts, characters);
  const others = byLength
    .filter((ids) => ids.length > 0)
    .map((ids) => buildVocabularyTrie(vocabulary, Int32Array.from(ids)));
  const depth = Math.max(text.trie.maxDepth, ...others.map(({ maxDepth }) => maxDepth));
  return { text, others, walk: new TrieWalk(Math.ceil(flags.length / 32), depth) };
}
