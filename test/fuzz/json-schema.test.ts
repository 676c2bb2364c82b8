/**
 * 2,000 random schemas, each listed keyword in a fortieth of them at least, and BFCL's; `SEED=n` repeats a run,
 * `SCHEMAS=n` takes another number.
 */

import { describe, expect, it } from "vitest";
import { buildVocabularyBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import { readBfclSchemas } from "../interop/support/bfcl-schemas.ts";
import { sharedAbsent } from "../interop/support/shared-folder.ts";
import { jsonVocabulary } from "../support/random-generation.ts";
import { TESTED_KEYWORDS } from "../support/random-schema.ts";
import { runSchemaProperty } from "../support/schema-property.ts";

const SCHEMAS = Number(process.env["SCHEMAS"] ?? 2000);

describe("random JSON under random schemas", () => {
  it("is what ajv accepts", () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    const tools = sharedAbsent ? [] : readBfclSchemas();
    const vocabulary = buildVocabularyBytes(jsonVocabulary());
    const run = { seed, schemas: SCHEMAS, given: tools };
    const { failures, refused, keywordCounts, valid, cut, endless } = runSchemaProperty(vocabulary, run);
    console.log(
      `${SCHEMAS} random schemas and ${tools.length} of tools: ${valid} valid, ${cut} cut off by the limit and valid so far, ` +
        `${endless} without an end, ${refused.length} refused, ${failures.length} failed`,
    );
    expect(endless).toBeLessThanOrEqual(SCHEMAS * 0.002);
    expect(failures).toEqual([]);
    expect(refused.length, [...new Set(refused)].join("\n")).toBeLessThanOrEqual(SCHEMAS * 0.05);
    const rare = TESTED_KEYWORDS.filter((keyword) => (keywordCounts.get(keyword) ?? 0) < SCHEMAS / 40);
    expect(rare).toEqual([]);
  });

  it("is the beginning of what ajv accepts where a limit cuts it", () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const vocabulary = buildVocabularyBytes(jsonVocabulary());
    const { failures, valid, cut, endless } = runSchemaProperty(vocabulary, { seed, schemas: SCHEMAS, maxTokens: 40 });
    console.log(`seed ${seed}: ${cut} cut off and valid so far, ${valid} whole, ${endless} without an end`);
    expect(failures).toEqual([]);
    expect(cut).toBeGreaterThan(SCHEMAS / 4);
    expect(endless).toBeLessThanOrEqual(SCHEMAS * 0.002);
  });
});
