/**
 * Cuts text at special tokens: where one is spelled, it is that token, of several that begin at the
 * same place the longest. Control tokens count only where the caller asks for it, as a user's text must
 * not become one; user-defined tokens always do.
 *
 * A prompt has both: the template's control tokens, and messages that may spell some. Their text is quoted before
 * it goes into the template: a noncharacter inside the spelling, which is taken out again behind the cut.
 */

import { at } from "../../base/invariant.ts";
import { CHAR_CLASS, classAt } from "./char-classes.ts";
import { SpecialTrie } from "./special-trie.ts";
import { TOKEN_STRIP, TOKEN_TYPE, type VocabularyData } from "./types.ts";

/** Unicode keeps it for a program's own use: it is no character of any text. */
const QUOTE = "\uFDD0";

export interface SpecialSplitter {
  /** Calls `onText` and `onToken` in the text's order; texts are not empty. `text` is well formed. */
  split(text: string, parseSpecial: boolean, onText: (text: string) => void, onToken: (id: number) => void): void;
  /** What `split` takes for text where it parses control tokens too, whatever `text` spells. */
  quote(text: string): string;
}

export function createSpecialSplitter(data: VocabularyData): SpecialSplitter {
  const all = new SpecialTrie();
  const userDefined = new SpecialTrie();
  for (let id = 0; id < data.tokens.length; id += 1) {
    const type = data.tokenTypes?.[id];
    const token = at(data.tokens, id);
    if (type === TOKEN_TYPE.userDefined) {
      userDefined.insert(token, id);
      all.insert(token, id);
    } else if (type === TOKEN_TYPE.control || type === TOKEN_TYPE.unknown) {
      all.insert(token, id);
    }
  }
  return {
    split(text, parseSpecial, onText, onToken) {
      const trie = parseSpecial ? all : userDefined;
      const give = (part: string): void => onText(parseSpecial ? unquote(part, all) : part);
      let last = 0;
      for (let start = trie.candidate(text, 0); start < text.length;) {
        const match = trie.match(text, start);
        if (match === null) {
          start = trie.candidate(text, start + 1);
          continue;
        }
        const strip = data.strips?.[match.id] ?? 0;
        const textEnd = (strip & TOKEN_STRIP.left) === 0 ? start : trimmedEnd(text, last, start);
        if (textEnd > last) give(text.slice(last, textEnd));
        onToken(match.id);
        last = (strip & TOKEN_STRIP.right) === 0 ? match.end : trimmedStart(text, match.end);
        start = trie.candidate(text, last);
      }
      if (last < text.length) give(last === 0 ? text : text.slice(last));
    },
    quote(text) {
      let quoted = "";
      let last = 0;
      for (let start = all.candidate(text, 0); start < text.length;) {
        const match = all.match(text, start);
        const isUserDefined = match !== null && data.tokenTypes?.[match.id] === TOKEN_TYPE.userDefined;
        const next = start + (isUserDefined ? match.end - start : characterLength(text, start));
        if (match !== null && !isUserDefined) {
          quoted += text.slice(last, next) + QUOTE;
          last = next;
        }
        start = all.candidate(text, next);
      }
      return quoted + text.slice(last);
    },
  };
}

/** Takes out what `quote` put in; elsewhere the noncharacter stays. */
function unquote(text: string, trie: SpecialTrie): string {
  let plain = "";
  let last = 0;
  for (let quote = text.indexOf(QUOTE); quote >= 0; quote = text.indexOf(QUOTE, quote + 1)) {
    const first = quote - (quote > 1 && characterLength(text, quote - 2) === 2 ? 2 : 1);
    if (first < last) continue;
    const rest = text.slice(quote + 1, quote + 1 + MAX_SPECIAL).replaceAll(QUOTE, "");
    if (trie.match(text.slice(first, quote) + rest, 0) === null) continue;
    plain += text.slice(last, quote);
    last = quote + 1;
  }
  return plain + text.slice(last);
}

/** Longer special tokens are not known: the longest are reserved ones of some 40 characters. */
const MAX_SPECIAL = 256;

const characterLength = (text: string, index: number): number => ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);

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
