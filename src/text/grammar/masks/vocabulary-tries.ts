/** A vocabulary cut for masks: the tokens of text, and tries of the others by their length. */

import type { PreparedVocabulary } from "./prepared-vocabulary.ts";
import { TokenText } from "./token-text.ts";
import { TrieWalk } from "./trie-walk.ts";
import type { VocabularyTrie } from "./vocabulary-trie.ts";

export interface VocabularyTries {
  readonly text: TokenText;
  /** Of the tokens of text, by length. */
  readonly texts: readonly VocabularyTrie[];
  /** Of the tokens that are no text, by length. */
  readonly others: readonly VocabularyTrie[];
  readonly walk: TrieWalk;
}

/** To be kept as long as the vocabulary. */
export function vocabularyTries({ characters, texts, others }: PreparedVocabulary): VocabularyTries {
  const depth = Math.max(...[...texts, ...others].map(({ maxDepth }) => maxDepth), 0);
  const wordCount = Math.ceil(characters.length / 32);
  const ids = texts.flatMap(({ tokens }) => [...tokens]);
  return { text: new TokenText(wordCount, ids, characters), texts, others, walk: new TrieWalk(wordCount, depth) };
}
