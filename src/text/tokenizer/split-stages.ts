/**
 * Words of a text in stages, each of which cuts the pieces of the one before: the pre-tokenisers that
 * character classes alone do not describe. Slower than `scan-words.ts`, and regular expressions in JS can
 * run out of stack on one match of several million characters; so a long text is cut into parts first.
 * Source: https://huggingface.co/docs/tokenizers/api/pre-tokenizers
 */

import { unreachable } from "../../base/invariant.ts";
import { WORD } from "./oniguruma-class.ts";
import { compileOniguruma } from "./oniguruma.ts";
import type { DigitRuns, SplitBehavior, SplitStage } from "./split-rules.ts";
import type { TextPlace } from "./text-encoding.ts";

/** A part longer than this is cut; a word across the cut becomes two, which only such texts can see. */
const MAX_PART_UNITS = 1_000_000;

/** Appends what one piece is cut into. */
type Cut = (piece: string, place: TextPlace, words: string[]) => void;

/** Calls its visitor with each word, in order. `place`: what stands before the text. */
export type StageSplitter = (text: string, place: TextPlace, visit: (word: string) => void) => void;

/** Throws `tokenizer_unsupported` for a pattern that cannot be run. */
export function createStageSplitter(stages: readonly SplitStage[]): StageSplitter {
  const cuts = stages.map(createCut);
  return (text, place, visit) => {
    for (let start = 0; start < text.length;) {
      const end = partEnd(text, start);
      let pieces: readonly string[] = [text.slice(start, end)];
      for (const cut of cuts) {
        const words: string[] = [];
        let piecePlace = start === 0 ? place : "after-token";
        for (const piece of pieces) {
          cut(piece, piecePlace, words);
          piecePlace = "after-token";
        }
        pieces = words;
      }
      for (const piece of pieces) visit(piece);
      start = end;
    }
  };
}

/** Never inside a character. */
function partEnd(text: string, start: number): number {
  const end = start + MAX_PART_UNITS;
  if (end >= text.length) return text.length;
  const unit = text.charCodeAt(end);
  return unit >= 0xdc00 && unit < 0xe000 ? end - 1 : end;
}

function createCut(stage: SplitStage): Cut {
  switch (stage.kind) {
    case "pattern": {
      const pattern = compileOniguruma(stage.pattern);
      const { behavior } = stage;
      if (behavior === "isolated") return (piece, _place, words) => isolate(piece, pattern, words);
      return appending((piece) => arrange(cutByPattern(piece, pattern), behavior));
    }
    case "digit-groups":
      return appending((piece) => cutDigitGroups(piece, stage.runs));
    case "unmark-spaces":
      return (piece, _place, words) => words.push(piece.replaceAll("\u2581", " "));
    case "space-prefix":
      return (piece, place, words) => {
        const hasPrefix = place === "start" || (place === "after-token" && !stage.onlyFirst);
        words.push(hasPrefix && !piece.startsWith(" ") ? ` ${piece}` : piece);
      };
    default:
      return unreachable(stage);
  }
}

function appending(cut: (piece: string) => readonly string[]): Cut {
  return (piece, _place, words) => {
    for (const word of cut(piece)) words.push(word);
  };
}

/** Matches of a global pattern and gaps between them, without the objects that telling them apart takes. */
function isolate(text: string, pattern: RegExp, words: string[]): void {
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  let last = 0;
  for (; match !== null; match = pattern.exec(text)) {
    const { 0: found, index } = match;
    if (found === "") {
      pattern.lastIndex += 1;
      continue;
    }
    if (index > last) words.push(text.slice(last, index));
    words.push(found);
    last = index + found.length;
  }
  if (last < text.length) words.push(last === 0 ? text : text.slice(last));
}

interface Piece {
  readonly text: string;
  readonly isMatch: boolean;
}

/** The matches of a global pattern and what lies between them; none is empty. */
function cutByPattern(text: string, pattern: RegExp): readonly Piece[] {
  const pieces: Piece[] = [];
  let last = 0;
  for (const match of text.matchAll(pattern)) {
    if (match[0] === "") continue;
    if (match.index > last) pieces.push({ text: text.slice(last, match.index), isMatch: false });
    last = match.index + match[0].length;
    pieces.push({ text: match[0], isMatch: true });
  }
  if (last < text.length) pieces.push({ text: last === 0 ? text : text.slice(last), isMatch: false });
  return pieces;
}

function arrange(pieces: readonly Piece[], behavior: Exclude<SplitBehavior, "isolated">): readonly string[] {
  switch (behavior) {
    case "removed":
      return pieces.filter(({ isMatch }) => !isMatch).map(({ text }) => text);
    case "matches":
      return pieces.filter(({ isMatch }) => isMatch).map(({ text }) => text);
    case "merged-with-previous":
      return joined(pieces, (before, piece) => piece.isMatch && !before.isMatch);
    case "merged-with-next":
      return joined(pieces, (before, piece) => before.isMatch && !piece.isMatch);
    case "contiguous":
      return joined(pieces, (before, piece) => before.isMatch && piece.isMatch);
    default:
      return unreachable(behavior);
  }
}

/** Pieces, where one that `joins` the piece before it becomes one with that. */
function joined(pieces: readonly Piece[], joins: (before: Piece, piece: Piece) => boolean): readonly string[] {
  const words: string[] = [];
  for (const [index, piece] of pieces.entries()) {
    const before = pieces[index - 1];
    if (before !== undefined && joins(before, piece)) words.push((words.pop() ?? "") + piece.text);
    else words.push(piece.text);
  }
  return words;
}

/** A run is looked at from its start alone, so that what follows it is tried once. */
const RUNS_BEFORE_EDGE = new RegExp(`(?<!\\p{Nd})\\p{Nd}+(?!${WORD})`, "gv");

/**
 * Runs of digits in groups of three, counted from the run's end, so that only the first may be shorter.
 * As expressions, such as \p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})), these take the square of a run's length.
 */
function cutDigitGroups(text: string, runs: DigitRuns): readonly string[] {
  if (runs === "joined") return cutInsideRuns(text);
  const pieces = cutByPattern(text, runs === "before-edge" ? RUNS_BEFORE_EDGE : /\p{N}+/gu);
  return pieces.flatMap((piece) => (piece.isMatch ? groupsOfThree(piece.text) : [piece.text]));
}

/** Groups of which the first keeps what stands before the run, unless it is full, and the last what comes after. */
function cutInsideRuns(text: string): readonly string[] {
  const words: string[] = [];
  for (const { text: piece, isMatch } of cutByPattern(text, /\p{Nd}+/gu)) {
    const groups = isMatch ? groupsOfThree(piece) : [piece];
    const joins = !isMatch || Array.from(groups[0] ?? "").length < 3;
    const first = joins ? (words.pop() ?? "") + (groups[0] ?? "") : (groups[0] ?? "");
    words.push(first);
    for (const group of groups.slice(1)) words.push(group);
  }
  return words;
}

function groupsOfThree(digits: string): readonly string[] {
  const characters = Array.from(digits);
  const shorter = characters.length % 3;
  const groups = shorter === 0 ? [] : [characters.slice(0, shorter).join("")];
  for (let start = shorter; start < characters.length; start += 3) {
    groups.push(characters.slice(start, start + 3).join(""));
  }
  return groups;
}
