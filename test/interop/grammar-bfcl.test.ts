/**
 * The tool schemas of the Berkeley function-calling leaderboard: they compile, and random tokens
 * under their grammars make what ajv accepts.
 */

import { describe, expect, it } from "vitest";
import { compileJsonSchema } from "../../src/text/grammar/json-schema/compile-schema.ts";
import { LexerMasks } from "../../src/text/grammar/masks/lexer-masks.ts";
import { Pushdown } from "../../src/text/grammar/pushdown.ts";
import { buildVocabularyBytes } from "../../src/text/tokenizer/vocabulary-bytes.ts";
import { generateAtRandom, jsonVocabulary } from "../support/random-generation.ts";
import { uniforms } from "../support/random-values.ts";
import { createValidator } from "../support/schema-property.ts";
import { readBfclSchemas } from "./support/bfcl-schemas.ts";
import { sharedAbsent } from "./support/shared-folder.ts";

describe.skipIf(sharedAbsent)("tool schemas of BFCL", () => {
  it("compile, and make valid arguments", { timeout: 120_000 }, () => {
    const masks = new LexerMasks(buildVocabularyBytes(jsonVocabulary()));
    const seed = Math.floor(Math.random() * 2 ** 31);
    const uniform = uniforms(seed);
    const ajv = createValidator();
    const failures: string[] = [];
    const refused: string[] = [];
    let cut = 0;
    for (const schema of readBfclSchemas()) {
      try {
        const pushdown = new Pushdown(compileJsonSchema(schema), masks);
        const { text, ended } = generateAtRandom(pushdown, masks, uniform, 200);
        if (!ended) cut += 1;
        else if (!ajv.validate(schema, JSON.parse(text))) failures.push(`${JSON.stringify(schema)} made ${text}`);
      } catch (error) {
        refused.push(`${JSON.stringify(schema)}: ${String(error)}`);
      }
    }
    expect(failures, `seed ${seed}`).toEqual([]);
    // One lists strings as the values of an array: nothing satisfies it.
    expect(refused.length, refused.join("\n")).toBeLessThanOrEqual(1);
    expect(cut, `seed ${seed}`).toBeLessThan(100);
  });
});
