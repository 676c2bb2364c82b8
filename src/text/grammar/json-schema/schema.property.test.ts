import { describe, expect, it } from "vitest";
import { jsonVocabulary } from "../../../../test/support/random-generation.ts";
import { runSchemaProperty } from "../../../../test/support/schema-property.ts";
import { buildVocabularyBytes } from "../../tokenizer/vocabulary-bytes.ts";

const SCHEMAS = 60;

describe("random JSON under random schemas", () => {
  it("is what ajv accepts", () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const report = runSchemaProperty(buildVocabularyBytes(jsonVocabulary()), seed, SCHEMAS);
    expect(report.failures, `seed ${seed}`).toEqual([]);
    expect(report.refused.length, `seed ${seed}: ${report.refused.join("\n")}`).toBeLessThan(SCHEMAS * 0.1);
  });
});
