/**
 * Random HTTP requests to the server's POST routes: a body that could be answered, then mutated. What is sent
 * is bytes, as clients' mistakes and attacks are: not all of it is JSON, or even text.
 */

import { at } from "../../src/base/invariant.ts";
import { ROUTES, type Route } from "../../src/server/routes.ts";
import { uniforms } from "./random-values.ts";

export interface RandomRequest {
  readonly path: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** JSON text that is written as it is, for what no value can say: keys that come twice, lone surrogates. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Fields = Record<string, unknown>;

const WORDS = [
  "",
  "a",
  "Once upon a time",
  "\u0000",
  "日本\u{1f600}",
  "<|python_tag|>",
  "<tool_call>",
  "{{ 7 * 7 }}",
  "sess_x",
];
const NUMBERS = [0, -1, 1, 2, 0.5, 3, 1e308, -1e308, 2 ** 53, 2 ** 31, -0, 1e-300, 127, 4096];
const RAWS = [
  '"\\ud800"',
  '"\\udfff\\ud800x"',
  "1e999",
  "-1e999",
  '{"a": 1, "a": 2}',
  '{"__proto__": {"x": 1}}',
].concat([
  '{"constructor": {"prototype": {"x": 1}}}',
  '{"__proto__": null, "toString": 1, "hasOwnProperty": []}',
  `[${"0,".repeat(5000)}0]`,
  `["${"x".repeat(20_000)}"]`,
  `{${Array.from({ length: 500 }, (_, index) => `"k${index}": ${index}`).join(",")}}`,
  `${"[".repeat(100)}1${"]".repeat(100)}`,
  `${'{"a":'.repeat(200)}1${"}".repeat(200)}`,
]);
const ROLES = ["user", "system", "assistant", "tool", "developer", "", "nobody"];
const PART_TYPES = ["text", "input_text", "output_text", "image_url", "tool_use", "tool_result", "thinking", "x"];
const SCHEMAS: readonly unknown[] = [
  { $ref: "#" },
  { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
  { type: "object", properties: { next: { $ref: "#" } }, additionalProperties: false },
  { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] },
  { type: "array", items: { $ref: "#" }, maxItems: 3 },
  { allOf: [{ $ref: "#" }] },
  { anyOf: [] },
  { $ref: "https://example.org/schema.json" },
  { $ref: "file:///etc/passwd" },
  { type: "string", pattern: "(a+)+$" },
  { type: "string", pattern: "(" },
  { type: "string", minLength: 1e9 },
  { type: "integer", minimum: 1e300, maximum: -1e300 },
  { type: "object", properties: { __proto__: { type: "string" } }, required: ["toString"] },
  { enum: [] },
  { enum: [{ a: [null, 1.5, "\ud800"] }] },
  { not: {} },
  { type: 5 },
  true,
  false,
];
const GRAMMARS = [
  'root ::= "a"',
  "root ::= root",
  'root ::= "(" root ")" | "x"',
  "root ::=",
  "root ::= [",
  "x".repeat(3000),
];
const TYPES = ["application/json", "application/json; charset=utf-8", "text/plain", "", "application/x+json", "\u00e9"];

export class RandomRequests {
  readonly #uniform: () => number;
  readonly #routes: readonly Route[];
  readonly #ids: string[] = ["none", "__proto__", "%00", "a%2fb", "x".repeat(3000)];

  constructor(seed: number) {
    this.#uniform = uniforms(seed);
    // Draining would end the run.
    this.#routes = ROUTES.filter(({ method, path }) => method === "POST" && path !== "/drain");
  }

  get routeCount(): number {
    return this.#routes.length;
  }

  /** An id that the server gave, for routes and fields that name one. */
  learn(id: string): void {
    if (this.#ids.length < 60) this.#ids.push(id);
    else this.#ids[5 + this.#int(55)] = id;
  }

  next(): RandomRequest {
    const route = this.#pick(this.#routes);
    const fields = this.#base(route);
    for (let mutations = this.#int(4); mutations > 0; mutations -= 1) this.#mutate(fields, route);
    const path = route.path.replace(/:id(\{[^}]*\})?/, () => this.#pick(this.#ids));
    const type = this.#chance(0.97) ? "application/json" : this.#pick(TYPES);
    return { path, body: this.#bytes(fields), headers: type === "\u00e9" ? {} : { "content-type": type } };
  }

  /** What the route would answer, or refuse for one thing only. */
  #base({ fields = {} }: Route): Fields {
    const given: Fields = {
      model: "tiny",
      max_tokens: 1 + this.#int(4),
      max_output_tokens: 1 + this.#int(4),
      messages: this.#messages(),
      input: this.#chance(0.5) ? "Hello" : this.#messages(),
      prompt: this.#chance(0.7) ? "Once upon a time" : [1, 2, 3],
      tokens: [1, 2, 3],
    };
    if ("messages" in fields && "prompt" in fields) delete given[this.#chance(0.5) ? "messages" : "prompt"];
    for (const name of Object.keys(given)) if (!(name in fields)) delete given[name];
    return given;
  }

  #messages(): Fields[] {
    const turns: Fields[] = [{ role: "user", content: this.#pick(WORDS) }];
    if (this.#chance(0.2)) {
      turns.push({ role: "assistant", content: this.#chance(0.5) ? null : "Yes", tool_calls: [this.#call()] });
      turns.push({ role: "tool", tool_call_id: "call_1", content: "42" });
    }
    if (this.#chance(0.1)) turns.unshift({ role: "system", content: "Be brief." });
    return turns;
  }

  #call(): Fields {
    const texts = ['{"a": 1}', "{}", "not JSON", '{"a": "\\ud800"}', "[]", "null", ""];
    return { id: "call_1", type: "function", function: { name: "f", arguments: this.#pick(texts) } };
  }

  #mutate(fields: Fields, route: Route): void {
    const names = Object.keys(route.fields ?? {});
    const chance = this.#uniform();
    if (chance < 0.45 && names.length > 0) {
      const name = this.#pick(names);
      fields[name] = this.#fieldValue(name);
    } else if (chance < 0.6) {
      const [name = "x"] = Object.keys(fields);
      const whole = fields[name];
      if (Array.isArray(whole) && whole.length > 0) whole[this.#int(whole.length)] = this.#value(3);
      else fields[name] = this.#value(3);
    } else if (chance < 0.7) delete fields[this.#pick(Object.keys(fields).concat("x"))];
    else if (chance < 0.8) fields[this.#pick(["__proto__x", "constructor", "toString", "x", ""])] = this.#value(2);
    else if (chance < 0.9) fields[this.#pick(["tools", "response_format", "tool_choice"])] = this.#value(2);
    else fields["messages"] = [{ role: this.#pick(ROLES), content: this.#value(3) }];
  }

  /** What the field is for, or anything. */
  #fieldValue(name: string): unknown {
    if (this.#chance(0.25)) return this.#value(3);
    switch (name) {
      case "tools":
        return Array.from({ length: this.#int(3) }, () => this.#tool());
      case "tool_choice":
        return this.#pick([
          "auto",
          "none",
          "required",
          { type: "any" },
          { type: "function", name: "f" },
          { type: "tool" },
        ]);
      case "response_format":
        return { type: "json_schema", json_schema: { name: "x", schema: this.#pick(SCHEMAS) } };
      case "text":
        return { format: { type: "json_schema", name: "x", schema: this.#pick(SCHEMAS) } };
      case "json_schema":
      case "guided_json":
        return this.#pick(SCHEMAS);
      case "grammar":
      case "guided_grammar":
        return this.#pick(GRAMMARS);
      case "guided_regex":
        return this.#pick(["(a|b)*", "[", "a{1,100000}", "\\p{L}+", "(?=x)"]);
      case "stop":
      case "stop_sequences":
        return this.#pick<unknown>(["a", ["", "b"], Array(20).fill("x"), "\ud800"]);
      case "n":
        return this.#pick([1, 2, 3, 0, 129]);
      case "logit_bias":
        return this.#pick<unknown>([{ 1: 100 }, { "-1": 1 }, { 99999999: 1 }, { a: 1 }, { 5: 1e9 }]);
      case "previous_response_id":
        return this.#pick(this.#ids);
      case "session":
        return { id: this.#pick(this.#ids), after: this.#pick([null, "turn_x"]) };
      case "max_tokens":
      case "max_completion_tokens":
      case "max_output_tokens":
      case "min_tokens":
        return this.#pick([1, 4, 0, -1, 1e9, 2 ** 31]);
      case "temperature":
      case "top_p":
      case "min_p":
      case "repetition_penalty":
      case "presence_penalty":
        return this.#pick([0, 1, 0.5, 2, 1e-40, 1e-300, -0, 1e308]);
      case "stream":
      case "logprobs":
      case "ignore_eos":
      case "echo":
        return this.#chance(0.8);
      default:
        return this.#value(2);
    }
  }

  #tool(): Fields {
    const schema = this.#pick(SCHEMAS);
    const name = this.#pick(["f", "f", "", "a b", "__proto__", "é"]);
    return this.#pick<Fields>([
      { type: "function", function: { name, parameters: schema } },
      { type: "function", name, parameters: schema },
      { name, input_schema: schema },
      { type: "web_search" },
    ]);
  }

  #value(depth: number): unknown {
    const chance = this.#uniform();
    if (chance < 0.15) return new Raw(this.#pick(RAWS));
    if (chance < 0.3) return this.#pick(NUMBERS);
    if (chance < 0.45) return this.#pick(WORDS);
    if (chance < 0.55 || depth === 0) return this.#pick([null, true, false]);
    const length = this.#pick([0, 1, 2, 3]);
    if (chance < 0.7) return Array.from({ length }, () => this.#value(depth - 1));
    const names = ["type", "role", "content", "text", "name", "id", "function", "input", "schema", "arguments"];
    const entries = Array.from({ length }, () => {
      const name = this.#pick(names);
      return [name, name === "type" ? this.#pick(PART_TYPES) : this.#value(depth - 1)] as const;
    });
    return Object.fromEntries(entries);
  }

  #bytes(fields: Fields): Uint8Array {
    const raws: string[] = [];
    const marked = JSON.stringify(fields, (_, value: unknown) => {
      if (!(value instanceof Raw)) return value;
      raws.push(value.text);
      return `raw:${raws.length - 1}:`;
    });
    let text = marked.replaceAll(/"raw:(\d+):"/g, (_, index: string) => at(raws, Number(index)));
    const chance = this.#uniform();
    if (chance < 0.03) text = text.slice(0, this.#int(text.length));
    else if (chance < 0.05) text = text.replace("{", '{"model": 1, "model": null, ');
    else if (chance < 0.07) text = this.#pick(["", "null", "[]", "1", '"x"', "{", "\ufeff{}", ...RAWS]);
    const bytes = Buffer.from(text);
    if (chance > 0.95 && bytes.length > 0)
      bytes[this.#int(bytes.length)] = this.#pick([0x80, 0xc0, 0xff, 0, 0x22, 0x7d]);
    return bytes;
  }

  #int(below: number): number {
    return Math.floor(this.#uniform() * below);
  }

  #chance(probability: number): boolean {
    return this.#uniform() < probability;
  }

  #pick<Value>(values: readonly Value[]): Value {
    return at(values, this.#int(values.length));
  }
}
