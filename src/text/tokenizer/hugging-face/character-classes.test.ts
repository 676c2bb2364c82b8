/** Each class that an expression can name, character by character, against Hugging Face's `tokenizers`. */

import { describe, expect, it } from "vitest";
import { Tokenizer as HuggingFaceTokenizer } from "tokenizers";

import { huggingFaceIds } from "../../../../test/support/hugging-face-tokenizer.ts";
import { byteBpe, byteLevel, sequence, split } from "../../../../test/support/tokenizer-json.ts";
import { createTokenizer } from "../create-tokenizer.ts";
import { readTokenizerFiles } from "./read-tokenizer.ts";

const POSIX = "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit".split(" ");
const CLASSES = [
  ..."\\w \\d \\s \\h \\b \\p{L} \\p{M} \\p{N} \\p{P} \\p{S} \\p{Lu} \\p{Ll}".split(" "),
  ...POSIX.flatMap((name) => [`[[:${name}:]]`, `[[:^${name}:]]`, `\\p{${name}}`]),
];
/** A letter of which Unicode 17 changed the category: the tables differ by their age, not by their meaning. */
const CHANGED = 0x295;

/** The first of `characters` that the two take differently where `pattern` cuts. Nothing: none. */
async function differing(pattern: string, characters: readonly string[]): Promise<string | undefined> {
  const { ours, theirs } = encodersOf(pattern);
  const perText = 256;
  for (let start = 0; start < characters.length; start += perText) {
    const some = characters.slice(start, start + perText);
    const text = some.map((character) => `1234${character}`).join("\n");
    if (ours(text).join() === (await theirs(text)).join()) continue;
    for (const character of some) {
      if (ours(`1234${character}`).join() !== (await theirs(`1234${character}`)).join()) return character;
    }
  }
  return undefined;
}

interface Encoders {
  readonly ours: (text: string) => readonly number[];
  readonly theirs: (text: string) => Promise<readonly number[]>;
}

/** Both tokenise "1234" as one token, unless `pattern` cuts off its last digit. */
function encodersOf(pattern: string): Encoders {
  const cut = split({ Regex: pattern }, "Isolated");
  const json = JSON.stringify(byteBpe({ pre_tokenizer: sequence("pretokenizers", cut, byteLevel(false)) }));
  const oracle = HuggingFaceTokenizer.fromString(json);
  const tokenizer = createTokenizer(readTokenizerFiles({ tokenizer: new TextEncoder().encode(json) }).vocabulary);
  return {
    ours: (text) => Array.from(tokenizer.encode(text, { addSpecial: false, parseSpecial: true })),
    theirs: (text) => huggingFaceIds(oracle, text),
  };
}

/** Characters below the ideographs that both tables have: ours may be of a later Unicode version. */
async function knownCharacters(): Promise<readonly string[]> {
  const { theirs } = encodersOf("4(?=\\p{Cn})");
  const whole = await theirs("1234a");
  const known: string[] = [];
  for (let point = 1; point < 0x3400; point += 1) {
    const character = String.fromCodePoint(point);
    if (point === CHANGED || /\p{Cn}/u.test(character)) continue;
    if ((await theirs(`1234${character}`))[0] === whole[0]) known.push(character);
  }
  return known;
}

describe("a class of characters", () => {
  const known = knownCharacters();

  it("is told apart by what is cut", async () => {
    expect((await known).length).toBeGreaterThan(10_000);
    const { ours } = encodersOf("4(?=a)");
    expect(ours("1234a").length).toBeGreaterThan(ours("1234b").length);
  });

  for (const name of CLASSES) {
    it(`has the characters of Oniguruma's: ${name}`, async () => {
      expect(await differing(`4(?=${name})`, await known)).toBeUndefined();
    });
  }

  it("is a word's where groups of digits end before an edge", async () => {
    expect(await differing("\\d{1,3}(?=(?:\\d{3})*\\b)", await known)).toBeUndefined();
  });
});
