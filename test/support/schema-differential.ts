/**
 * The grammar engine against `ajv` as a recogniser: of texts that are valid, nearly valid and damaged, each
 * takes the same. Where the grammar is stricter on purpose (decision 0013) the schemas avoid it: objects
 * have no members but those that are named, formats are left out, and no number has more than 15 digits.
 */

import { TurnwiseError } from "../../src/base/errors.ts";
import { compileJsonSchema } from "../../src/text/grammar/json-schema/compile-schema.ts";
import { LexerMasks } from "../../src/text/grammar/masks/lexer-masks.ts";
import { Matcher } from "../../src/text/grammar/matcher.ts";
import { Pushdown } from "../../src/text/grammar/pushdown.ts";
import type { VocabularyBytes } from "../../src/text/tokenizer/types.ts";
import { generateAtRandom } from "./random-generation.ts";
import { RandomSchemas } from "./random-schema.ts";
import { uniforms } from "./random-values.ts";
import { createValidator } from "./schema-property.ts";

export interface DifferentialReport {
  /** Values that both accept, and that both refuse. */
  readonly accepted: number;
  readonly refused: number;
  /** Texts with a damaged byte, of which what the grammar takes has to be valid. */
  readonly damaged: number;
  readonly failures: readonly string[];
}

/** Of each schema. */
const TEXTS = 2;
const CHANGES = 12;
const MAX_TOKENS = 150;

export function compareWithAjv(vocabulary: VocabularyBytes, seed: number, schemas: number): DifferentialReport {
  const random = new RandomSchemas(seed);
  const uniform = uniforms(seed + 1);
  const masks = new LexerMasks(vocabulary);
  const ajv = createValidator();
  const report = { accepted: 0, refused: 0, damaged: 0, failures: [] as string[] };
  for (let index = 0; index < schemas; index += 1) {
    const schema = closed(random.next(index % 3, false)) as object;
    const pushdown = compiled(schema, masks);
    if (pushdown === null) continue;
    const validate = ajv.compile(schema);
    for (let round = 0; round < TEXTS; round += 1) {
      const { completed } = generateAtRandom(pushdown, masks, uniform, MAX_TOKENS);
      if (completed === null) continue;
      const value: unknown = JSON.parse(completed);
      for (let change = 0; change < CHANGES; change += 1) {
        const changed = change === 0 ? value : changedValue(value, uniform);
        const text = JSON.stringify(changed);
        if (hasLongNumber(changed)) continue;
        const valid = validate(changed);
        if (accepts(pushdown, Buffer.from(text)) !== valid) {
          report.failures.push(`${JSON.stringify(schema)}: ${text} is ${valid ? "valid" : "invalid"} for ajv only`);
        } else report[valid ? "accepted" : "refused"] += 1;
        const bytes = damagedText(Buffer.from(completed), uniform);
        report.damaged += 1;
        if (accepts(pushdown, bytes) && !isValid(bytes, validate)) {
          report.failures.push(`${JSON.stringify(schema)}: ${JSON.stringify(bytes.toString())} was taken`);
        }
      }
    }
  }
  return report;
}

/** Written with more digits than a bounded number may have. */
function hasLongNumber(value: unknown): boolean {
  if (typeof value === "number") return Math.abs(value) >= 1e15;
  return typeof value === "object" && value !== null && Object.values(value).some(hasLongNumber);
}

/** Whether the bytes may come one by one, and are whole then. */
export function accepts(pushdown: Pushdown, bytes: Uint8Array): boolean {
  const matcher = new Matcher(pushdown);
  for (const byte of bytes) if (!matcher.acceptBytes(Uint8Array.of(byte))) return false;
  return matcher.isComplete;
}

/** Null for a schema that is refused. */
function compiled(schema: object, masks: LexerMasks): Pushdown | null {
  try {
    return new Pushdown(compileJsonSchema(schema), masks);
  } catch (error) {
    if (error instanceof TurnwiseError && error.class === "RequestError") return null;
    throw error;
  }
}

function isValid(bytes: Buffer, validate: (value: unknown) => boolean): boolean {
  try {
    return validate(JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)));
  } catch {
    return false;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** `schema` with objects closed and formats left out. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const { format: _, ...rest } = schema as Fields;
  const inner = Object.entries(rest).map(([keyword, value]) => {
    if (keyword === "enum" || keyword === "const") return [keyword, value];
    if (keyword !== "properties" && keyword !== "$defs") return [keyword, closed(value)];
    return [keyword, Object.fromEntries(Object.entries(value as Fields).map(([name, of]) => [name, closed(of)]))];
  });
  const made = Object.fromEntries(inner) as Fields;
  return made["type"] === "object" ? { ...made, additionalProperties: false } : made;
}

const SCALARS: readonly unknown[] = [null, true, 0, 1, -7, 2.5, 1000, "", "a", "red", "Ab", "foo-1", "日本", '"\n'];

/** `value` with one place changed; the order of members stays. */
function changedValue(value: unknown, uniform: () => number): unknown {
  const int = (below: number): number => Math.floor(uniform() * below);
  if (typeof value !== "object" || value === null || uniform() < 0.1) return changedScalar(value, uniform);
  if (Array.isArray(value)) {
    const at = int(value.length + 1);
    if (uniform() < 0.3) return value.toSpliced(at, 1);
    if (uniform() < 0.3 || at === value.length) return value.toSpliced(at, 0, SCALARS[int(SCALARS.length)]);
    return value.with(at, changedValue(value[at], uniform));
  }
  const members = Object.entries(value);
  const at = int(members.length + 1);
  const member = members[at];
  if (member === undefined) return { ...value, other: 1 };
  if (uniform() < 0.3) return Object.fromEntries(members.toSpliced(at, 1));
  return Object.fromEntries(members.with(at, [member[0], changedValue(member[1], uniform)]));
}

function changedScalar(value: unknown, uniform: () => number): unknown {
  const kind = uniform();
  if (typeof value === "number" && kind < 0.6) return Number((value + Math.floor(uniform() * 7) - 3).toFixed(3));
  if (typeof value === "string" && kind < 0.3) return value + "aB3 é"[Math.floor(uniform() * 5)];
  if (typeof value === "string" && kind < 0.6) return Array.from(value).slice(1).join("");
  return SCALARS[Math.floor(uniform() * SCALARS.length)];
}

const BYTES = Buffer.from('{}[]",:\\ \n019-.eEtfna\u00e9\u0001');

/** A byte more, less, or another. */
function damagedText(text: Buffer, uniform: () => number): Buffer {
  const at = Math.floor(uniform() * text.length);
  const byte = Buffer.of(BYTES[Math.floor(uniform() * BYTES.length)] ?? 0);
  const kind = Math.floor(uniform() * 3);
  return Buffer.concat([text.subarray(0, at), ...(kind === 0 ? [] : [byte]), text.subarray(kind === 1 ? at : at + 1)]);
}
