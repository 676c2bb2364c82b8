/** Every field of every table, one by one: the tables cannot say what the server does not do. */

import { describe, expect, it } from "vitest";
import { ANTHROPIC_FIELDS, COUNT_TOKENS_FIELDS } from "../../src/server/fields/anthropic-fields.ts";
import { CHAT_FIELDS } from "../../src/server/fields/chat-fields.ts";
import { COMPLETION_FIELDS } from "../../src/server/fields/completion-fields.ts";
import type { FieldTable, FieldValues } from "../../src/server/fields/field-table.ts";
import { RESPONSES_FIELDS } from "../../src/server/fields/responses-fields.ts";
import { APPLY_TEMPLATE_FIELDS, DETOKENIZE_FIELDS, TOKENIZE_FIELDS } from "../../src/server/fields/token-fields.ts";
import { scriptedServer } from "./support/test-server.ts";

/** Values that are accepted, and values that are not, each with the field that the error names. */
interface Samples {
  readonly good: readonly unknown[];
  readonly bad: readonly (readonly [value: unknown, param?: string])[];
  /** Sent as well, where a field needs another. */
  readonly with?: Readonly<Record<string, unknown>>;
}

/** A table's honoured fields, all of them. */
type SamplesOf<Table extends FieldTable> = Readonly<Record<keyof FieldValues<Table>, Samples>>;

const bool: Samples = { good: [true, false], bad: [["true"], [1]] };
const model: Samples = { good: ["fake-1b"], bad: [[5]] };
const messages: Samples = {
  good: [[{ role: "user", content: "Hi" }]],
  bad: [["Hi"], [[]], [[{ role: "user" }], "messages[0].content"]],
};
const tool = { type: "function", function: { name: "f", description: null, parameters: {} } };
const tools: Samples = {
  good: [[tool], []],
  bad: [
    [{}],
    [[{ type: "function" }], "tools[0].function"],
    [[{ type: "function", function: { name: "" } }], "tools[0].function.name"],
    [[{ type: "web" }], "tools[0].type"],
    [Array.from({ length: 129 }, () => tool)],
  ],
};
const object: Samples = { good: [{ a: 1 }, {}], bad: [["a"], [[1]]] };

const SAMPLING_SAMPLES = {
  model,
  temperature: { good: [0, 1.5, 2], bad: [[-0.1], [2.1], ["1"]] },
  top_p: { good: [0.01, 1], bad: [[0], [1.01]] },
  top_k: { good: [-1, 0, 40], bad: [[-2], [1.5]] },
  min_p: { good: [0, 1], bad: [[-0.1], [1.1]] },
  repetition_penalty: { good: [0.1, 2], bad: [[0], [2.1]] },
  presence_penalty: { good: [-2, 2], bad: [[-2.1], [2.1]] },
  frequency_penalty: { good: [-2, 2], bad: [[-2.1], [2.1]] },
  logit_bias: {
    good: [{}, { "65": -100, "66": 100 }],
    bad: [
      [[]],
      [{ "65": 101 }, "logit_bias.65"],
      [{ "65": "1" }, "logit_bias.65"],
      [{ hello: 1 }, "logit_bias.hello"],
      [{ "9999999999": 1 }],
      [Object.fromEntries(Array.from({ length: 1025 }, (_, token) => [token, 0]))],
    ],
  },
  seed: { good: [0, -1, Number.MAX_SAFE_INTEGER], bad: [[1.5], [2 ** 60], ["1"]] },
  n: { good: [1, 128], bad: [[0], [129], [1.5]] },
  stop: {
    good: ["a", [], ["a", "b"], Array(16).fill("a"), "a".repeat(500)],
    bad: [[5], [""], [["a", 5], "stop[1]"], [["a", ""], "stop[1]"], [Array(17).fill("a")], ["a".repeat(501)]],
  },
  response_format: {
    good: [
      { type: "text" },
      { type: "json_object" },
      { type: "json_schema", json_schema: { name: "x", schema: { type: "object" }, strict: true } },
    ],
    bad: [
      ["json_object"],
      [{ type: "xml" }, "response_format.type"],
      [{ type: "json_schema" }, "response_format.json_schema"],
    ],
  },
  grammar: { good: ['root ::= "a"', ""], bad: [[5]] },
  json_schema: { good: [{}, { type: "string" }, '{"type":"string"}'], bad: [[5], ["{"]] },
  guided_json: { good: [{}, { type: "string" }, '{"type":"string"}'], bad: [[5], ["{"]] },
  guided_regex: { good: ["a+"], bad: [[5]] },
  guided_choice: { good: [["a", "b"]], bad: [["a"], [[]], [[""], "guided_choice[0]"]] },
  guided_grammar: { good: ['root ::= "a"'], bad: [[5]] },
  min_tokens: { good: [0, 5], bad: [[-1], [0.5]] },
  deadline_s: { good: [0.5, 30], bad: [[0], [-1], ["1"], [86_401]] },
  prompt_cache_key: { good: ["", "a", "a".repeat(256)], bad: [[5], ["a".repeat(257)]] },
  ignore_eos: bool,
  skip_special_tokens: bool,
  stream: bool,
  stream_options: {
    good: [{}, { include_usage: true }, { include_usage: null, include_obfuscation: false }],
    bad: [[true], [{ include_usage: 1 }, "stream_options.include_usage"]],
    with: { stream: true },
  },
} as const satisfies Record<string, Samples>;

const CHAT_SAMPLES: SamplesOf<typeof CHAT_FIELDS> = {
  ...SAMPLING_SAMPLES,
  messages,
  session: { good: [], bad: [["s"], [{}, "session.id"], [{ id: "s", after: 5 }, "session.after"]] },
  max_completion_tokens: { good: [1, 100], bad: [[0], [1.5], ["5"], [2 ** 31]] },
  max_tokens: { good: [1, 100], bad: [[0], [1.5], ["5"], [2 ** 31]] },
  logprobs: { good: [true, false], bad: [[1]] },
  top_logprobs: { good: [0, 20], bad: [[21], [-1]], with: { logprobs: true } },
  tools,
  tool_choice: {
    good: ["auto", "none", "required", { type: "function", function: { name: "f" } }],
    bad: [["any"], [{ type: "function" }, "tool_choice.function"], [5]],
    with: { tools: [tool] },
  },
  parallel_tool_calls: bool,
  chat_template_kwargs: object,
  add_generation_prompt: bool,
};

const COMPLETION_SAMPLES: SamplesOf<typeof COMPLETION_FIELDS> = {
  ...SAMPLING_SAMPLES,
  prompt: { good: ["a", [65], ["a"]], bad: [[5], [[65, "a"], "prompt[1]"]] },
  max_tokens: { good: [1, 100], bad: [[0], [1.5], [2 ** 31]] },
  logprobs: { good: [0, 20], bad: [[21], [-1], [true]] },
  echo: bool,
};

const TOKENIZE_SAMPLES: SamplesOf<typeof TOKENIZE_FIELDS> = {
  model,
  prompt: { good: ["a", ""], bad: [[["a"]]] },
  messages,
  add_special_tokens: bool,
  return_token_strs: bool,
  tools,
  chat_template_kwargs: object,
  add_generation_prompt: bool,
};

const APPLY_TEMPLATE_SAMPLES: SamplesOf<typeof APPLY_TEMPLATE_FIELDS> = {
  model,
  messages,
  tools,
  chat_template_kwargs: object,
  add_generation_prompt: bool,
};

const DETOKENIZE_SAMPLES: SamplesOf<typeof DETOKENIZE_FIELDS> = {
  model,
  tokens: { good: [[], [65]], bad: [["a"], [[1.5], "tokens[0]"], [[-1], "tokens[0]"]] },
};

const anthropicTool = { name: "f", description: "Does", input_schema: {} };

const COUNT_TOKENS_SAMPLES: SamplesOf<typeof COUNT_TOKENS_FIELDS> = {
  model,
  messages,
  system: { good: ["a", "", [{ type: "text", text: "a" }]], bad: [[5], [[{ type: "image" }]]] },
  tools: {
    good: [[anthropicTool], [], [{ ...anthropicTool, type: "custom" }]],
    bad: [[{}], [[{ name: "" }], "tools[0].name"], [[{ ...anthropicTool, type: "bash_20250124" }], "tools[0].type"]],
  },
  tool_choice: {
    good: [{ type: "auto" }, { type: "none" }],
    bad: [["auto"], [{ type: "any" }], [{ type: "tool" }, "tool_choice.name"], [{}]],
  },
  thinking: {
    good: [{ type: "enabled", budget_tokens: 1024 }, { type: "adaptive" }, { type: "disabled" }],
    bad: [[true], [{ type: "on" }]],
  },
};

const ANTHROPIC_SAMPLES: SamplesOf<typeof ANTHROPIC_FIELDS> = {
  ...COUNT_TOKENS_SAMPLES,
  max_tokens: { good: [1, 100], bad: [[0], [1.5], [2 ** 31]] },
  stop_sequences: { good: [["a"], []], bad: [[5], [[""]]] },
  stream: { good: [false], bad: [["true"], [1]] },
  temperature: SAMPLING_SAMPLES.temperature,
  top_k: SAMPLING_SAMPLES.top_k,
  top_p: SAMPLING_SAMPLES.top_p,
  seed: SAMPLING_SAMPLES.seed,
};

const responsesTool = { type: "function", name: "f", description: null, parameters: {}, strict: true };

const RESPONSES_SAMPLES: SamplesOf<typeof RESPONSES_FIELDS> = {
  input: {
    good: [
      "a",
      [{ role: "user", content: "a" }],
      [{ type: "message", role: "user", content: [{ type: "input_text", text: "a" }] }],
    ],
    bad: [
      [5],
      [[]],
      [[{ role: "robot", content: "a" }], "input[0].role"],
      [[{ role: "user" }], "input[0].content"],
      [[{ type: "item_reference", id: "x" }], "input[0].type"],
      [[{ role: "user", content: [{ type: "input_image" }] }], "input[0].content[0].type"],
      [[{ type: "function_call", name: "f", arguments: "{}" }], "input[0].call_id"],
    ],
  },
  model,
  instructions: { good: ["a"], bad: [[5]] },
  previous_response_id: { good: [], bad: [[5]] },
  store: bool,
  max_output_tokens: { good: [1, 100], bad: [[0], [1.5]] },
  prompt_cache_key: SAMPLING_SAMPLES.prompt_cache_key,
  temperature: SAMPLING_SAMPLES.temperature,
  top_p: SAMPLING_SAMPLES.top_p,
  stream: bool,
  tools: {
    good: [[responsesTool], []],
    bad: [[{}], [[{ type: "web_search" }], "tools[0].type"], [[{ type: "function" }], "tools[0].name"]],
  },
  tool_choice: {
    good: ["auto", "none"],
    bad: [["required"], [{ type: "function", name: "g" }], [{ type: "function" }, "tool_choice.name"], [5]],
  },
  parallel_tool_calls: bool,
  include: {
    good: [[], ["reasoning.encrypted_content"]],
    bad: [["reasoning"], [[5], "include[0]"], [["message.output_text.logprobs"], "include[0]"]],
  },
  text: {
    good: [
      {},
      { format: { type: "text" }, verbosity: "medium" },
      { format: { type: "json_schema", name: "x", schema: {} } },
    ],
    bad: [
      ["a"],
      [{ format: { type: "xml" } }, "text.format.type"],
      [{ format: { type: "json_schema", name: "x" } }, "text.format.schema"],
      [{ verbosity: "low" }, "text.verbosity"],
    ],
  },
  metadata: { good: [{}, { a: "b" }], bad: [["a"], [{ a: 1 }, "metadata.a"]] },
};

const APIS: readonly {
  readonly path: string;
  readonly table: FieldTable;
  readonly samples: Readonly<Record<string, Samples>>;
  readonly base: Readonly<Record<string, unknown>>;
}[] = [
  {
    path: "/v1/chat/completions",
    table: CHAT_FIELDS,
    samples: CHAT_SAMPLES,
    base: { messages: [{ role: "user", content: "Hi" }] },
  },
  { path: "/v1/completions", table: COMPLETION_FIELDS, samples: COMPLETION_SAMPLES, base: { prompt: "Hi" } },
  { path: "/v1/responses", table: RESPONSES_FIELDS, samples: RESPONSES_SAMPLES, base: { input: "Hi" } },
  {
    path: "/v1/messages",
    table: ANTHROPIC_FIELDS,
    samples: ANTHROPIC_SAMPLES,
    base: { model: "fake-1b", max_tokens: 5, messages: [{ role: "user", content: "Hi" }] },
  },
  {
    path: "/v1/messages/count_tokens",
    table: COUNT_TOKENS_FIELDS,
    samples: COUNT_TOKENS_SAMPLES,
    base: { model: "fake-1b", messages: [{ role: "user", content: "Hi" }] },
  },
  { path: "/tokenize", table: TOKENIZE_FIELDS, samples: TOKENIZE_SAMPLES, base: { prompt: "Hi" } },
  {
    path: "/apply-template",
    table: APPLY_TEMPLATE_FIELDS,
    samples: APPLY_TEMPLATE_SAMPLES,
    base: { messages: [{ role: "user", content: "Hi" }] },
  },
  { path: "/detokenize", table: DETOKENIZE_FIELDS, samples: DETOKENIZE_SAMPLES, base: { tokens: [65] } },
];

interface ErrorAnswer {
  /** Anthropic's API has neither code nor param. */
  readonly error: { readonly code?: string; readonly param?: string; readonly message: string };
}

describe.each(APIS)("$path", ({ path, table, samples, base }) => {
  const { post } = scriptedServer();
  const send = async (fields: Readonly<Record<string, unknown>>) => {
    const { prompt, ...rest } = base;
    // Without another prompt beside the one under test.
    const body = { ...rest, ...(prompt === undefined || "messages" in fields ? {} : { prompt }), ...fields };
    const response = await post(path, body);
    return { status: response.status, text: await response.text() };
  };

  it.each(Object.keys(samples))("honours %s", async (name) => {
    const { good, bad, with: also = {} } = samples[name] ?? { good: [], bad: [] };
    for (const value of good) {
      const { status, text } = await send({ ...also, [name]: value });
      expect({ value, status, text }).toMatchObject({ value, status: 200 });
      const { turnwise } = (text.startsWith("{") ? JSON.parse(text) : {}) as { turnwise?: { ignored: unknown } };
      expect(turnwise?.ignored ?? []).toEqual([]);
    }
    for (const [value, param = name] of bad) {
      const { status, text } = await send({ ...also, [name]: value });
      expect({ value, status }).toEqual({ value, status: 400 });
      const { error } = JSON.parse(text) as ErrorAnswer;
      expect(error.message).toContain(param);
      expect(error.param ?? param).toBe(param);
      expect(["request_invalid", "field_refused", undefined]).toContain(error.code);
    }
  });

  const inert = Object.keys(table).filter((name) => table[name]?.kind === "inert");
  it("accepts and lists what cannot change the answer", async () => {
    const { status, text } = await send(Object.fromEntries(inert.map((name) => [name, "x"])));
    expect(status).toBe(200);
    const { turnwise } = JSON.parse(text) as { readonly turnwise?: { readonly ignored: readonly string[] } };
    expect(turnwise?.ignored ?? []).toEqual(inert);
  });

  const refused = Object.entries(table).flatMap(([name, row]) => (row.kind === "refused" ? [{ name, row }] : []));
  it.each(refused)("refuses $name, but not its neutral values", async ({ name, row }) => {
    const { status, text } = await send({ [name]: { something: "else" } });
    expect(status).toBe(400);
    const { error } = JSON.parse(text) as ErrorAnswer;
    expect(error.message).toContain(name);
    expect(error.code ?? "field_refused").toBe("field_refused");
    expect(text).toContain(row.note);
    for (const neutral of [null, ...row.neutral]) {
      expect({ neutral, ...(await send({ [name]: neutral })) }).toMatchObject({ neutral, status: 200 });
    }
  });

  it("has a sample for each honoured field and for nothing else", () => {
    const honoured = Object.keys(table).filter((name) => table[name]?.kind === "honoured");
    expect(Object.keys(samples).toSorted()).toEqual(honoured.toSorted());
  });
});
