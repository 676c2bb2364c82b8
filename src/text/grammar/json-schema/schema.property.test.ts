import { describe, expect, it } from "vitest";
import { jsonVocabulary } from "../../../../test/support/random-generation.ts";
import { beginsJson, runSchemaProperty } from "../../../../test/support/schema-property.ts";
import { buildVocabularyBytes } from "../../tokenizer/vocabulary-bytes.ts";

const SCHEMAS = 60;
const vocabulary = buildVocabularyBytes(jsonVocabulary());
const newSeed = (): number => Math.floor(Math.random() * 2 ** 31);

describe("random JSON under random schemas", () => {
  it("is what ajv accepts", () => {
    const seed = newSeed();
    const report = runSchemaProperty(vocabulary, { seed, schemas: SCHEMAS });
    expect(report.failures, `seed ${seed}`).toEqual([]);
    expect(report.refused.length, `seed ${seed}: ${report.refused.join("\n")}`).toBeLessThan(SCHEMAS * 0.1);
  });

  it("is the beginning of what ajv accepts where a limit cuts it", () => {
    const seed = newSeed();
    const { failures, cut, endless } = runSchemaProperty(vocabulary, { seed, schemas: SCHEMAS, maxTokens: 12 });
    expect(failures, `seed ${seed}`).toEqual([]);
    expect(cut, `seed ${seed}`).toBeGreaterThan(SCHEMAS / 3);
    expect(endless, `seed ${seed}`).toBeLessThanOrEqual(1);
  });
});

describe("beginsJson", () => {
  it.each(["", "[", '{"a', '{"a"', '{"a":', "[1,", "-", "1.", "1e+", '"\\', '"\\u00', "nul", " [1]"])(
    "takes %j",
    (text) => {
      expect(beginsJson(text)).toBe(true);
    },
  );

  it.each(["]", "[01", '{"a":1,}', "{1", '"\\x', '["\n', "[1] 2", "tx", "-a"])("refuses %j", (text) => {
    expect(beginsJson(text)).toBe(false);
  });
});
