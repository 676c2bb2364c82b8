/** The engine against others' recognisers: `ajv` for schemas, the runtime's RegExp for patterns. `npm run fuzz` runs more. */

import { describe, expect, it } from "vitest";
import { comparePatterns } from "../../../../test/support/pattern-differential.ts";
import { jsonVocabulary } from "../../../../test/support/random-generation.ts";
import { compareWithAjv } from "../../../../test/support/schema-differential.ts";
import { buildVocabularyBytes } from "../../tokenizer/vocabulary-bytes.ts";

const vocabulary = buildVocabularyBytes(jsonVocabulary());
const newSeed = (): number => Math.floor(Math.random() * 2 ** 31);

describe("texts that are valid, nearly valid and damaged", () => {
  it("are taken as by ajv", () => {
    const seed = newSeed();
    const { failures, accepted, refused } = compareWithAjv(vocabulary, seed, 25);
    expect(failures, `seed ${seed}`).toEqual([]);
    expect(accepted, `seed ${seed}`).toBeGreaterThan(50);
    expect(refused, `seed ${seed}`).toBeGreaterThan(50);
  });
});

describe("patterns", () => {
  it("match as RegExp does", () => {
    const seed = newSeed();
    const { failures, accepted, refused } = comparePatterns(vocabulary, seed, 80);
    expect(failures, `seed ${seed}`).toEqual([]);
    expect(accepted, `seed ${seed}`).toBeGreaterThan(300);
    expect(refused, `seed ${seed}`).toBeGreaterThan(300);
  });
});
