/**
 * The grammar of an answer that is made of tool calls: each names a tool, and its arguments satisfy the
 * tool's schema. Where calls are optional, it wakes at the first sign of one.
 */

import { fail } from "../../base/errors.ts";
import { GrammarBuilder } from "../grammar/grammar-builder.ts";
import type { Grammar } from "../grammar/grammar.ts";
import { addJsonSchema } from "../grammar/json-schema/compile-schema.ts";
import { literal, optional, concat, type Regex } from "../grammar/regex/regex.ts";
import type { ToolFormat, ToolFormatName } from "./tool-format.ts";
import { TOOL_FORMATS } from "./tool-formats.ts";

export interface ToolGrammarSource {
  readonly kind: "tool_calls";
  readonly format: ToolFormatName;
  /** Those that may be called. */
  readonly tools: readonly { readonly name: string; readonly parameters: unknown }[];
  /** "required": the answer is calls; "auto": text, calls or both. */
  readonly choice: "auto" | "required";
  /** More calls than one may come, where the format can write them. */
  readonly parallel: boolean;
  /** In "auto": what an answer is that calls nothing; free text where absent. */
  readonly answer?: JsonSource | undefined;
}

/** Of the sources in `grammar/compile-grammar.ts` those that bind to JSON. */
type JsonSource = { readonly kind: "json_schema"; readonly schema: unknown } | { readonly kind: "json_object" };

/** What ends free text and begins what the grammar governs. */
export interface WakeRule {
  /** The beginning of the grammar's text that is the sign. */
  readonly text: string;
  /** A control token that is the sign, or null. */
  readonly token: number | null;
  /** Only at the beginning of the answer. */
  readonly atStart: boolean;
}

export interface ToolGrammar {
  readonly grammar: Grammar;
  readonly wake: WakeRule | null;
}

/** `controlToken` finds a control token by its spelling. Throws what compileJsonSchema does, naming the tool. */
export function compileToolGrammar(
  source: ToolGrammarSource,
  controlToken: (text: string) => number | null,
): ToolGrammar {
  const format = TOOL_FORMATS[source.format];
  const builder = new GrammarBuilder();
  const token = format.open === "" ? null : controlToken(format.open);
  const call = builder.choice(...source.tools.map((tool) => addCall(builder, format, tool)));
  const calls = builder.sequence(...addOpening(builder, format, token, call, source.parallel));
  const answer = source.choice === "auto" ? source.answer : undefined;
  const grammar = builder.finish(answer === undefined ? calls : builder.choice(calls, addAnswer(builder, answer)));
  if (grammar === null) fail("request_invalid", { field: "tools", problem: "hold no tool that could be called" });
  if (source.choice === "required" || answer !== undefined) return { grammar, wake: null };
  const bare = isBare(format);
  return { grammar, wake: { text: bare ? '{"name"' : format.open, token, atStart: bare } };
}

function addAnswer(builder: GrammarBuilder, answer: JsonSource): number {
  return addJsonSchema(builder, answer.kind === "json_schema" ? answer.schema : { type: "object" });
}

/** A call may stand without a mark before it. */
function isBare(format: ToolFormat): boolean {
  return format.before === "" && format.after === "";
}

function addOpening(
  builder: GrammarBuilder,
  format: ToolFormat,
  token: number | null,
  call: number,
  parallel: boolean,
): readonly number[] {
  const open = token !== null ? builder.add({ kind: "token", id: token }) : builder.lexeme(literal(format.open));
  const opening = isBare(format) ? builder.choice(builder.empty(), open) : open;
  const { before, after, between, close } = format;
  const more = builder.sequence(
    builder.lexeme(literal(`${between ?? ""}${between === ", " ? "" : before}`)),
    call,
    builder.lexeme(literal(after)),
  );
  return [
    opening,
    builder.lexeme(literal(before)),
    call,
    builder.lexeme(literal(after)),
    ...(parallel && between !== null ? [builder.repeat(more, 0, MAX_CALLS - 1)] : []),
    builder.lexeme(literal(close)),
  ];
}

/** Of one answer: what goes on longer repeats itself. */
const MAX_CALLS = 64;

function addCall(
  builder: GrammarBuilder,
  { argumentsKey }: ToolFormat,
  { name, parameters }: ToolGrammarSource["tools"][number],
): number {
  const space: Regex = optional(literal(" "));
  const head = concat(
    literal('{"name":'),
    space,
    literal(JSON.stringify(name)),
    literal(","),
    space,
    literal(`"${argumentsKey}":`),
    space,
  );
  const values = addJsonSchema(builder, { ...asObjectSchema(parameters) });
  return builder.sequence(builder.lexeme(head), values, builder.lexeme(literal("}")));
}

/** Arguments are an object, whether the schema says so or not. */
function asObjectSchema(parameters: unknown): object {
  if (parameters === undefined || parameters === null)
    return { type: "object", properties: {}, additionalProperties: false };
  const schema = parameters as Readonly<Record<string, unknown>>;
  return schema["type"] === undefined && schema["$ref"] === undefined ? { ...schema, type: "object" } : schema;
}
