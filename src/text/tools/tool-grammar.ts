/**
 * The grammar of an answer that is made of tool calls: each names a tool, and its arguments satisfy the
 * tool's schema. Where calls are optional, it wakes at the first sign of one.
 */

import { fail, TurnwiseError } from "../../base/errors.ts";
import { GrammarBuilder } from "../grammar/grammar-builder.ts";
import type { Grammar } from "../grammar/grammar.ts";
import { addJsonSchema, failWithoutValue } from "../grammar/json-schema/compile-schema.ts";
import { ANY_CODE_POINT, complementRanges, utf8 } from "../grammar/regex/code-points.ts";
import { SPACES } from "../grammar/regex/character-classes.ts";
import { textWithout } from "../grammar/regex/text-without.ts";
import { both, choice, literal, optional, concat, repeat, type Regex } from "../grammar/regex/regex.ts";
import { BARE_SIGN, callStart } from "./call-heads.ts";
import {
  type BuiltInTool,
  builtInsAmong,
  type OfferedBuiltIn,
  type ToolFormat,
  type ToolFormatName,
} from "./tool-format.ts";
import { TOOL_FORMATS } from "./tool-formats.ts";
import { behindThought } from "./thought-grammar.ts";
import type { ThoughtStart } from "./thoughts.ts";

export interface ToolGrammarSource {
  readonly kind: "tool_calls";
  readonly format: ToolFormatName;
  /** Those that may be called. */
  readonly tools: readonly { readonly name: string; readonly parameters: unknown }[];
  /** "required": the answer is calls; "auto": text, calls or both; "none": text that calls nothing. */
  readonly choice: "auto" | "required" | "none";
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
  /** Comes between the sign and the call, which a model may leave out. */
  readonly before: string;
  /** No sign counts inside a thought. */
  readonly thoughts: ThoughtStart;
}

export interface ToolGrammar {
  readonly grammar: Grammar;
  readonly wake: WakeRule | null;
}

/**
 * `thoughts`: where the answer begins. `controlToken` finds a control token by its spelling. Throws what compileJsonSchema does, with the tool's name.
 */
export function compileToolGrammar(
  source: ToolGrammarSource,
  controlToken: (text: string) => number | null,
  thoughts: ThoughtStart = "none",
): ToolGrammar {
  const format = TOOL_FORMATS[source.format];
  if (source.choice === "none") {
    const grammar: Grammar = { nodes: [{ kind: "lexeme", regex: textWithoutCalls(format) }], root: 0 };
    return { grammar: behindThought(grammar, thoughts, controlToken), wake: null };
  }
  const builder = new GrammarBuilder();
  const mark: MarkNode = (text) => {
    const token = text === "" ? null : controlToken(text);
    return token === null ? builder.lexeme(literal(text)) : builder.add({ kind: "token", id: token });
  };
  const tools = new ToolArguments(builder);
  const calls = addCalls(builder, format, source, mark, tools);
  const answer = source.choice === "auto" ? source.answer : undefined;
  const grammar = builder.finish(answer === undefined ? calls : builder.choice(calls, addAnswer(builder, answer)));
  tools.check();
  if (grammar === null) fail("request_invalid", { field: "tools", problem: "hold no tool that could be called" });
  if (source.choice === "required" || answer !== undefined) {
    return { grammar: behindThought(grammar, thoughts, controlToken), wake: null };
  }
  const { bare, open, before } = format;
  const token = open === "" ? null : controlToken(open);
  return { grammar, wake: { text: bare ? BARE_SIGN : open, token, atStart: bare, before, thoughts } };
}

/** What no reader takes for a call. Where the format's mark is a control token, no text has it anyway. */
function textWithoutCalls({ open, bare }: ToolFormat): Regex {
  const texts = [...(open === "" ? [] : [textWithout(open)]), ...(bare ? [NOT_BARE] : [])];
  return texts.length === 1 ? (texts[0] ?? ANY_TEXT) : both(ANY_TEXT, ...texts);
}

function addAnswer(builder: GrammarBuilder, answer: JsonSource): number {
  return addJsonSchema(builder, answer.kind === "json_schema" ? answer.schema : { type: "object" });
}

/** The node of a mark of the format: a control token where the vocabulary has it so. */
type MarkNode = (text: string) => number;

/** The arguments of each tool, and what is wrong with their schemas, by the tool's name. */
class ToolArguments {
  readonly #builder: GrammarBuilder;
  readonly #nodes: { readonly name: string; readonly node: number }[] = [];

  constructor(builder: GrammarBuilder) {
    this.#builder = builder;
  }

  add(name: string, schema: unknown): number {
    const node = ofTool(name, () => addJsonSchema(this.#builder, schema));
    this.#nodes.push({ name, node });
    return node;
  }

  /** Throws `schema_invalid` where no call of a tool could be written: left out, it would never be missed. */
  check(): void {
    const derives = this.#builder.findDeriving();
    const empty = this.#nodes.find(({ node }) => derives[node] !== 1);
    if (empty !== undefined) ofTool(empty.name, () => failWithoutValue(this.#builder, empty.node, derives));
  }
}

/** What `compile` returns; of its error about a schema the place is told with the tool's name. */
function ofTool<T>(name: string, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (!(error instanceof TurnwiseError) || error.params["pointer"] === undefined) throw error;
    const pointer = `${error.params["pointer"]} of the tool ${name}`;
    throw new TurnwiseError(error.code, { ...error.params, pointer }, error);
  }
}

function addCalls(
  builder: GrammarBuilder,
  format: ToolFormat,
  source: ToolGrammarSource,
  mark: MarkNode,
  tools: ToolArguments,
): number {
  const builtIns = builtInsAmong(format, source.tools);
  const others = source.tools.filter((tool) => !builtIns.some(({ name }) => name === tool.name));
  const open = mark(format.open);
  const call = builder.choice(...others.map((tool) => addCall(builder, format, tool, mark, tools)));
  const written = addWritten(builder, format, { call, open }, source.parallel);
  if (builtIns.length === 0) return written;
  const own = builtIns.map((builtIn) => addBuiltIn(builder, builtIn, builtIns, tools));
  return builder.choice(written, builder.sequence(open, builder.choice(...own)));
}

function addWritten(
  builder: GrammarBuilder,
  format: ToolFormat,
  { call, open }: { readonly call: number; readonly open: number },
  parallel: boolean,
): number {
  const { before, after, between, close } = format;
  const opening = format.bare ? builder.choice(builder.empty(), open) : open;
  const separator =
    between === format.open ? open : builder.lexeme(literal(`${between ?? ""}${between === ", " ? "" : before}`));
  const end = builder.lexeme(literal(after));
  const more = builder.sequence(separator, call, end);
  return builder.sequence(
    opening,
    builder.lexeme(literal(before)),
    call,
    end,
    ...(parallel && between !== null ? [builder.repeat(more, 0, MAX_CALLS - 1)] : []),
    builder.lexeme(literal(close)),
  );
}

/** Of one answer: what goes on longer repeats itself. */
const MAX_CALLS = 64;

type Tool = ToolGrammarSource["tools"][number];

function addCall(
  builder: GrammarBuilder,
  { call }: ToolFormat,
  { name, parameters }: Tool,
  mark: MarkNode,
  tools: ToolArguments,
): number {
  const values = tools.add(name, asObjectSchema(parameters));
  if (call.kind === "marked") return builder.sequence(builder.lexeme(literal(name)), mark(call.mark), values);
  const space: Regex = optional(literal(" "));
  const head = concat(
    literal('{"name":'),
    space,
    literal(JSON.stringify(name)),
    literal(","),
    space,
    literal(`"${call.argumentsKey}":`),
    space,
  );
  return builder.sequence(builder.lexeme(head), values, builder.lexeme(literal("}")));
}

function addBuiltIn(
  builder: GrammarBuilder,
  { name, parameter, form, schema }: OfferedBuiltIn,
  offered: readonly BuiltInTool[],
  tools: ToolArguments,
): number {
  if (form === "raw") return builder.lexeme(rawText(offered));
  return builder.sequence(
    builder.lexeme(literal(`${callStart(name)}${parameter}=`)),
    tools.add(name, schema),
    builder.lexeme(literal(")")),
  );
}

const ANY_TEXT = repeat(utf8(ANY_CODE_POINT), 0, null);

/** Text that begins with no object and no array, behind white space. */
const NOT_BARE = concat(
  repeat(utf8(SPACES), 0, null),
  optional(concat(utf8(complementRanges([...SPACES, [0x5b, 0x5b], [0x7b, 0x7b]])), ANY_TEXT)),
);

/** Text that is not taken for a call in another form: neither an object nor one of the `offered` calls. */
function rawText(offered: readonly BuiltInTool[]): Regex {
  const first = utf8(complementRanges([...SPACES, [0x7b, 0x7b]]));
  const calls = offered.filter(({ form }) => form === "call");
  return both(concat(first, ANY_TEXT), ...calls.map(({ name }) => departingFrom(callStart(name))));
}

/** The texts that depart from `start`, which is ASCII, before its end. */
function departingFrom(start: string): Regex {
  const departures = Array.from(start, (character, index) => {
    const code = character.charCodeAt(0);
    return concat(literal(start.slice(0, index)), utf8(complementRanges([[code, code]])), ANY_TEXT);
  });
  return choice(...departures);
}

/** Arguments are an object, whether the schema says so or not. */
function asObjectSchema(parameters: unknown): object {
  if (parameters === undefined || parameters === null)
    return { type: "object", properties: {}, additionalProperties: false };
  const { allOf = [], ...schema } = parameters as { readonly allOf?: readonly unknown[]; readonly type?: unknown };
  // References are looked up from the root, so that the schema stays the root.
  if (schema.type !== "object") return { ...schema, allOf: [...allOf, { type: "object" }] };
  return parameters;
}
