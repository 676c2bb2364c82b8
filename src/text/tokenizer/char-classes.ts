/**
 * Classes of characters that pre-tokenisers tell apart, by the Unicode version of the JS engine. White
 * space is the Unicode property, as in the tokenisers' own regular expressions; JS's \s differs
 * (it lacks U+0085 and has U+FEFF).
 */

export const CHAR_CLASS = {
  /** Punctuation, symbols, marks, controls: none of the others. */
  other: 0,
  /** \p{L} */
  letter: 1,
  /** \p{N} */
  number: 2,
  /** White space but for newlines. */
  space: 3,
  /** \r or \n */
  newline: 4,
  /** Half of a character beyond the BMP; only inside the table. */
  surrogate: 5,
  /** Past the end of the text. */
  end: 6,
} as const;

const BMP = 0x10000;
/** By code unit. */
const CLASS_OF_UNIT = buildTable();

/** Class of the character at `index` of well-formed `text`; `end` past its end. */
export function classAt(text: string, index: number): number {
  if (index >= text.length) return CHAR_CLASS.end;
  const found = CLASS_OF_UNIT[text.charCodeAt(index)] ?? CHAR_CLASS.other;
  return found === CHAR_CLASS.surrogate ? classOfPair(text, index) : found;
}

/** Code units of the character at `index`. */
export function unitsAt(text: string, index: number): number {
  return CLASS_OF_UNIT[text.charCodeAt(index)] === CHAR_CLASS.surrogate ? 2 : 1;
}

/** Beyond the BMP there are letters and numbers, but no white space. */
function classOfPair(text: string, index: number): number {
  const character = text.slice(index, index + 2);
  if (/^\p{L}/u.test(character)) return CHAR_CLASS.letter;
  return /^\p{N}/u.test(character) ? CHAR_CLASS.number : CHAR_CLASS.other;
}

function buildTable(): Uint8Array {
  const table = new Uint8Array(BMP).fill(CHAR_CLASS.surrogate, 0xd800, 0xe000);
  const units = Array.from({ length: BMP }, (_, unit) => (unit >= 0xd800 && unit < 0xe000 ? 0x20 : unit));
  // In pieces: a call takes only so many arguments.
  let text = "";
  for (let start = 0; start < BMP; start += 0x1000) {
    text += String.fromCharCode(...units.slice(start, start + 0x1000));
  }
  const classes = [
    [CHAR_CLASS.letter, /\p{L}+/gu],
    [CHAR_CLASS.number, /\p{N}+/gu],
    [CHAR_CLASS.space, /\p{White_Space}+/gu],
    [CHAR_CLASS.newline, /[\r\n]/gu],
  ] as const;
  for (const [value, pattern] of classes) {
    for (const match of text.matchAll(pattern)) {
      for (let unit = match.index; unit < match.index + match[0].length; unit += 1) {
        if (table[unit] !== CHAR_CLASS.surrogate) table[unit] = value;
      }
    }
  }
  return table;
}
