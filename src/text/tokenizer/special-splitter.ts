/**
 * Cuts text at special tokens: where one is spelled, it is that token, of several that begin at the
 * same place the longest. Control tokens count only where the caller asks for it, as a user's text must
 * not become one; user-defined tokens always do.
 */

import { at } from "../../base/invariant.ts";
import { CHAR_CLASS, classAt } from "./char-classes.ts";
import { TOKEN_STRIP, TOKEN_TYPE, type VocabularyData } from "./types.ts";
import { wellFormed } from "./utf8-text.ts";

export interface SpecialSplitter {
  /** Calls `onText` and `onToken` in the text's order; texts are not empty. `text` is well formed. */
  split(text: string, parseSpecial: boolean, onText: (text: string) => void, onToken: (id: number) => void): void;
}

interface Node {
  readonly next: Map<number, Node>;
  /** The token that ends here, or -1. */
  id: number;
}

interface Trie {
  readonly root: Node;
  /** By code unit: 1 where a token begins with it. Lets the search pass over text quickly. */
  readonly begins: Uint8Array;
  empty: boolean;
}

export function createSpecialSplitter(data: VocabularyData): SpecialSplitter {
  const all = createTrie();
  const userDefined = createTrie();
  for (let id = 0; id < data.tokens.length; id += 1) {
    const type = data.tokenTypes?.[id];
    const token = at(data.tokens, id);
    if (type === TOKEN_TYPE.userDefined) {
      insert(userDefined, token, id);
      insert(all, token, id);
    } else if (type === TOKEN_TYPE.control || type === TOKEN_TYPE.unknown) {
      insert(all, token, id);
    }
  }
  return {
    split(text, parseSpecial, onText, onToken) {
      const trie = parseSpecial ? all : userDefined;
      let last = 0;
      for (let start = trie.empty ? text.length : 0; start < text.length;) {
        if (trie.begins[text.charCodeAt(start)] === 0) {
          start += 1;
          continue;
        }
        const match = longestMatch(trie.root, text, start);
        if (match === null) {
          start += 1;
          continue;
        }
        const strip = data.strips?.[match.id] ?? 0;
        const textEnd = (strip & TOKEN_STRIP.left) === 0 ? start : trimmedEnd(text, last, start);
        if (textEnd > last) onText(text.slice(last, textEnd));
        onToken(match.id);
        last = (strip & TOKEN_STRIP.right) === 0 ? match.end : trimmedStart(text, match.end);
        start = last;
      }
      if (last < text.length) onText(last === 0 ? text : text.slice(last));
    },
  };
}

/** The end of text[start..end) without white space at its end. */
function trimmedEnd(text: string, start: number, end: number): number {
  let index = end;
  while (index > start && isWhiteSpace(text, index - 1)) index -= 1;
  return index;
}

/** Where the first other character after white space at `start` is. */
function trimmedStart(text: string, start: number): number {
  let index = start;
  while (index < text.length && isWhiteSpace(text, index)) index += 1;
  return index;
}

function isWhiteSpace(text: string, index: number): boolean {
  const found = classAt(text, index);
  return found === CHAR_CLASS.space || found === CHAR_CLASS.newline;
}

function createTrie(): Trie {
  return { root: { next: new Map(), id: -1 }, begins: new Uint8Array(0x10000), empty: true };
}

/** Of equal tokens the first counts. */
function insert(trie: Trie, token: string, id: number): void {
  const text = wellFormed(token);
  if (text === "") return;
  trie.begins[text.charCodeAt(0)] = 1;
  trie.empty = false;
  let node = trie.root;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    let next = node.next.get(unit);
    if (next === undefined) {
      next = { next: new Map(), id: -1 };
      node.next.set(unit, next);
    }
    node = next;
  }
  if (node.id < 0) node.id = id;
}

function longestMatch(root: Node, text: string, start: number): { readonly id: number; readonly end: number } | null {
  let found: { readonly id: number; readonly end: number } | null = null;
  let node: Node | undefined = root;
  for (let index = start; index < text.length; index += 1) {
    node = node.next.get(text.charCodeAt(index));
    if (node === undefined) break;
    if (node.id >= 0) found = { id: node.id, end: index + 1 };
  }
  return found;
}
