/**
 * The words of a ScanRule, one after another by character classes: what the pre-tokeniser's regular
 * expression would match next, in linear time, in constant memory and without allocating.
 */

import { CHAR_CLASS, classAt, unitsAt } from "./char-classes.ts";
import type { ScanRule } from "./split-rules.ts";

const SPACE = 0x20;
const APOSTROPHE = 0x27;

/** The end of the word that begins at `start`, which is before the text's end. `text` is well formed. */
export function scanWord(text: string, start: number, rule: ScanRule): number {
  const first = classAt(text, start);
  switch (first) {
    case CHAR_CLASS.letter:
      return runEnd(text, start, CHAR_CLASS.letter);
    case CHAR_CLASS.number:
      return numberEnd(text, start, rule.digits);
    case CHAR_CLASS.other:
      return otherEnd(text, start, rule);
    default:
      return afterSpaceEnd(text, start, rule, first);
  }
}

/** From a mark: a contraction, letters with the mark before them, or a run of marks. */
function otherEnd(text: string, start: number, rule: ScanRule): number {
  if (text.charCodeAt(start) === APOSTROPHE) {
    const length = contractionUnits(text, start + 1, rule.contractions === "any-case");
    if (length > 0) return start + 1 + length;
  }
  if (rule.beforeLetters === "any") {
    const next = start + unitsAt(text, start);
    if (classAt(text, next) === CHAR_CLASS.letter) return runEnd(text, next, CHAR_CLASS.letter);
  }
  return marksEnd(text, start, rule);
}

/** From white space: it may begin a word, or is one. */
function afterSpaceEnd(text: string, start: number, rule: ScanRule, first: number): number {
  const isSpace = text.charCodeAt(start) === SPACE;
  const second = classAt(text, start + 1);
  switch (second) {
    case CHAR_CLASS.letter: {
      const joins = rule.beforeLetters === "any" ? first !== CHAR_CLASS.newline : isSpace;
      return joins ? runEnd(text, start + 1, CHAR_CLASS.letter) : whiteSpaceEnd(text, start, rule);
    }
    case CHAR_CLASS.number:
      if (isSpace && rule.digits === "all") return runEnd(text, start + 1, CHAR_CLASS.number);
      return whiteSpaceEnd(text, start, rule);
    case CHAR_CLASS.other:
      return isSpace ? marksEnd(text, start + 1, rule) : whiteSpaceEnd(text, start, rule);
    default:
      return whiteSpaceEnd(text, start, rule);
  }
}

function runEnd(text: string, start: number, wanted: number): number {
  let index = start;
  while (classAt(text, index) === wanted) index += unitsAt(text, index);
  return index;
}

function numberEnd(text: string, start: number, digits: ScanRule["digits"]): number {
  if (digits === "all") return runEnd(text, start, CHAR_CLASS.number);
  let index = start;
  for (let count = 0; count < digits && classAt(text, index) === CHAR_CLASS.number; count += 1) {
    index += unitsAt(text, index);
  }
  return index;
}

function marksEnd(text: string, start: number, rule: ScanRule): number {
  const end = runEnd(text, start, CHAR_CLASS.other);
  return rule.newlines ? runEnd(text, end, CHAR_CLASS.newline) : end;
}

/**
 * A run of white space: up to its last newline where the rule has newlines; else all of it at the end
 * of the text, and all but its last character elsewhere, as that one may join what follows.
 */
function whiteSpaceEnd(text: string, start: number, rule: ScanRule): number {
  let afterNewline = start;
  let index = start;
  let found = classAt(text, index);
  while (found === CHAR_CLASS.space || found === CHAR_CLASS.newline) {
    index += 1;
    if (found === CHAR_CLASS.newline) afterNewline = index;
    found = classAt(text, index);
  }
  if (rule.newlines && afterNewline > start) return afterNewline;
  const atEnd = found === CHAR_CLASS.end || (rule.digitsFirst && found === CHAR_CLASS.number);
  return atEnd || index === start + 1 ? index : index - 1;
}

/** Code units of s, t, re, ve, m, ll or d at `index`, or 0. */
function contractionUnits(text: string, index: number, anyCase: boolean): number {
  const first = foldedUnit(text, index, anyCase);
  switch (first) {
    case "s":
    case "t":
    case "m":
    case "d":
      return 1;
    case "r":
    case "v":
      return foldedUnit(text, index + 1, anyCase) === "e" ? 2 : 0;
    case "l":
      return foldedUnit(text, index + 1, anyCase) === "l" ? 2 : 0;
    default:
      return 0;
  }
}

/** The character in lower case; the long s (U+017F) folds to s too, as Unicode has it. */
function foldedUnit(text: string, index: number, anyCase: boolean): string {
  const character = text.charAt(index);
  if (!anyCase) return character;
  return character === "\u017F" ? "s" : character.toLowerCase();
}
