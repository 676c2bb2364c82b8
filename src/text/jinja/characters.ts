/** Python's characters of a text: code points, of which those beyond the BMP are two units here. */

import type { Budget } from "./budget.ts";

/** All of them, a step each. */
export function charactersOf(text: string, budget: Budget): readonly string[] {
  budget.step(text.length);
  return Array.from(text);
}

/** Number of characters. */
export function characterCount(text: string): number {
  if (!hasPairs(text)) return text.length;
  let count = 0;
  for (let offset = 0; offset < text.length; offset += unitsAt(text, offset)) count += 1;
  return count;
}

/** The unit at which a character begins, or the text's length where there are not as many. */
export function offsetOf(text: string, character: number): number {
  if (!hasPairs(text)) return Math.min(character, text.length);
  let offset = 0;
  for (let index = 0; index < character && offset < text.length; index += 1) offset += unitsAt(text, offset);
  return offset;
}

/** The character at an index, from the end for one below 0; undefined where there is none. */
export function characterAt(text: string, index: number): string | undefined {
  const fromStart = index < 0 ? index + characterCount(text) : index;
  if (fromStart < 0) return undefined;
  const offset = offsetOf(text, fromStart);
  return offset < text.length ? text.slice(offset, offset + unitsAt(text, offset)) : undefined;
}

function hasPairs(text: string): boolean {
  return /[\ud800-\udbff]/.test(text);
}

/** Units of the character that begins at an offset. */
function unitsAt(text: string, offset: number): number {
  return (text.codePointAt(offset) ?? 0) > 0xffff ? 2 : 1;
}

/** Where a text is in another, without overlaps; the empty one before each character and at the end. A step each. */
export function* occurrences(text: string, sought: string, budget: Budget): Iterable<number> {
  budget.scan(text.length, sought.length);
  for (let start = text.indexOf(sought); start >= 0;) {
    budget.step();
    yield start;
    if (start === text.length) return;
    start = text.indexOf(sought, start + (sought === "" ? unitsAt(text, start) : sought.length));
  }
}

/** Below, at or above 0. By code points: surrogates, which JavaScript compares by themselves, come after all of the BMP. */
export function orderTexts(left: string, right: string, budget: Budget): number {
  const length = Math.min(left.length, right.length);
  budget.scan(left.length + right.length);
  for (let index = 0; index < length; index += 1) {
    const [a, b] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (a !== b) return rankUnit(a) - rankUnit(b);
  }
  return left.length - right.length;
}

function rankUnit(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit;
}
