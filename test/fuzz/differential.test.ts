/**
 * The grammar engine against ajv and RegExp as recognisers, at length; `SEED=n` repeats a run, `SCHEMAS=n` takes
 * another number of schemas, and twice as many patterns.
 */

import { describe, expect, it } from "vitest";
import { buildVocabularyBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import { comparePatterns } from "../support/pattern-differential.ts";
import { jsonVocabulary } from "../support/random-generation.ts";
import { compareWithAjv } from "../support/schema-differential.ts";

const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const schemas = Number(process.env["SCHEMAS"] ?? 2000);
const vocabulary = buildVocabularyBytes(jsonVocabulary());

describe(`seed ${seed}`, () => {
  it("takes JSON as ajv does", () => {
    const { failures, accepted, refused, damaged } = compareWithAjv(vocabulary, seed, schemas);
    console.log(`${accepted} values accepted by both, ${refused} refused by both, ${damaged} damaged texts`);
    expect(failures).toEqual([]);
  });

  it("matches strings as RegExp does", () => {
    const { failures, accepted, refused } = comparePatterns(vocabulary, seed, 2 * schemas);
    console.log(`${accepted} strings matched by both, ${refused} by neither`);
    expect(failures).toEqual([]);
  });
});
