/**
 * Words by regular expressions, for rules that character classes alone do not describe. Slower than
 * `scan-words.ts`, and regular expressions in JS can run out of stack on one match of several million
 * characters; so a long text is cut into parts first.
 */

/** A part longer than this is cut; a word across the cut becomes two, which only such texts can see. */
const MAX_PART_UNITS = 1_000_000;

/** Each stage cuts the pieces of the one before: its matches and the gaps between them are pieces. */
export function splitByRegexes(
  text: string,
  stages: readonly RegExp[],
  visit: (text: string, start: number, end: number) => void,
): void {
  for (let start = 0; start < text.length;) {
    const end = partEnd(text, start);
    let ends: readonly number[] = [end - start];
    const part = text.slice(start, end);
    for (const stage of stages) ends = cutPieces(part, ends, stage);
    let from = 0;
    for (const to of ends) {
      visit(part, from, to);
      from = to;
    }
    start = end;
  }
}

/** Never inside a character. */
function partEnd(text: string, start: number): number {
  const end = start + MAX_PART_UNITS;
  if (end >= text.length) return text.length;
  const unit = text.charCodeAt(end);
  return unit >= 0xdc00 && unit < 0xe000 ? end - 1 : end;
}

/** The ends of the pieces that `pattern` (global) makes of those that end at `ends`. */
function cutPieces(text: string, ends: readonly number[], pattern: RegExp): readonly number[] {
  const cut: number[] = [];
  let start = 0;
  for (const end of ends) {
    const piece = text.slice(start, end);
    let last = 0;
    for (const match of piece.matchAll(pattern)) {
      if (match[0] === "") continue;
      if (match.index > last) cut.push(start + match.index);
      last = match.index + match[0].length;
      cut.push(start + last);
    }
    if (last < piece.length) cut.push(end);
    start = end;
  }
  return cut;
}
