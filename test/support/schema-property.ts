/**
 * The property that constrained decoding stands on: what random tokens make under a schema's grammar is
 * valid for `ajv`, another's implementation. One run over many random schemas, with what it met.
 */

import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { TurnwiseError } from "../../src/base/errors.ts";
import { compileJsonSchema } from "../../src/text/grammar/json-schema/compile-schema.ts";
import { LexerMasks } from "../../src/text/grammar/masks/lexer-masks.ts";
import { Pushdown } from "../../src/text/grammar/pushdown.ts";
import type { VocabularyBytes } from "../../src/text/tokenizer/types.ts";
import { generateAtRandom } from "./random-generation.ts";
import { keywordsOf, RandomSchemas } from "./random-schema.ts";
import { uniforms } from "./random-values.ts";

export interface SchemaPropertyReport {
  readonly valid: number;
  /** Runs that met the token limit, and were a beginning of what ajv accepts. */
  readonly cut: number;
  /** Runs that met the token limit and did not come to an end long after it: whether they would have is not known. */
  readonly endless: number;
  readonly refused: readonly string[];
  /** Schemas and texts that ajv does not accept. */
  readonly failures: readonly string[];
  readonly keywordCounts: ReadonlyMap<string, number>;
}

export interface SchemaPropertyRun {
  readonly seed: number;
  /** Random ones, a third of them nested 3 deep. */
  readonly schemas: number;
  /** More schemas, after the random ones. */
  readonly given?: readonly object[];
  /** Each run's limit is drawn from 1 to this. */
  readonly maxTokens?: number;
}

const MAX_TOKENS = 400;

export function createValidator(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, multipleOfPrecision: 9, allErrors: false });
  addFormats.default(ajv);
  return ajv;
}

export function runSchemaProperty(
  vocabulary: VocabularyBytes,
  { seed, schemas, given = [], maxTokens }: SchemaPropertyRun,
): SchemaPropertyReport {
  const random = new RandomSchemas(seed);
  const uniform = uniforms(seed + 1);
  const masks = new LexerMasks(vocabulary);
  const ajv = createValidator();
  let valid = 0;
  let cut = 0;
  let endless = 0;
  const refused: string[] = [];
  const failures: string[] = [];
  const keywordCounts = new Map<string, number>();
  for (let index = 0; index < schemas + given.length; index += 1) {
    const deep = index % 3 === 0;
    const schema = given[index - schemas] ?? random.next(deep ? 3 : 2, deep);
    for (const keyword of keywordsOf(schema)) keywordCounts.set(keyword, (keywordCounts.get(keyword) ?? 0) + 1);
    try {
      const pushdown = new Pushdown(structuredClone(compileJsonSchema(schema)), masks);
      const limit = maxTokens === undefined ? MAX_TOKENS : 1 + Math.floor(uniform() * maxTokens);
      const { text, ended, completed } = generateAtRandom(pushdown, masks, uniform, limit);
      if (!ended && !beginsJson(text)) failures.push(`${JSON.stringify(schema)} began ${text}, which is no JSON`);
      if (completed === null) endless += 1;
      else if (!ajv.validate(schema, JSON.parse(completed))) {
        failures.push(`${JSON.stringify(schema)} made ${completed}: ${ajv.errorsText()}`);
      } else if (ended) valid += 1;
      else cut += 1;
    } catch (error) {
      if (error instanceof TurnwiseError && error.class === "RequestError") refused.push(error.message);
      else failures.push(`${JSON.stringify(schema)}: ${String(error)}`);
    }
  }
  return { valid, cut, endless, refused, failures, keywordCounts };
}

/** Whether `text` is the beginning of some JSON text: `JSON.parse` fails at its end, or not at all. */
export function beginsJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    return message.startsWith("Unexpected end") || Number(/at position (\d+)/.exec(message)?.[1]) === text.length;
  }
}
