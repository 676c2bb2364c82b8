import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { TurnwiseError } from "../base/errors.ts";
import type { OptionTable } from "../base/option-table.ts";
import { EXIT_CODES, defineCommand } from "./command.ts";
import { parseArguments } from "./parse-arguments.ts";

const OPTIONS = {
  prompt: { type: { kind: "string", placeholder: "TEXT" }, default: null, env: null, help: "Text", short: "p" },
  temperature: { type: { kind: "number", min: 0, max: 2 }, default: 0.8, env: "T_TEMP", help: "Randomness" },
  stop: { type: { kind: "strings", placeholder: "TEXT" }, default: null, env: null, help: "Ends the output" },
  raw: { type: { kind: "boolean" }, default: false, env: null, help: "No template" },
  color: { type: { kind: "boolean" }, default: true, env: null, help: "Plain text" },
} as const satisfies OptionTable;

const seen: unknown[] = [];
const RUN = defineCommand({
  name: "run",
  summary: "Print what the model says",
  arguments: { model: { required: false, help: "A file" } },
  groups: { Generation: OPTIONS },
  examples: ["turnwise run -p Hello"],
  run: async (input) => {
    seen.push(input);
    return EXIT_CODES.ok;
  },
});
const TOKENIZE = defineCommand({
  name: "tokenize",
  summary: "Print the tokens",
  arguments: { model: { required: true, help: "A file" }, text: { required: false, help: "A text" } },
  groups: {},
  examples: [],
  run: async () => EXIT_CODES.ok,
});

const RUN_TWICE = defineCommand({
  name: "run twice",
  summary: "Print it twice",
  arguments: {},
  groups: { Generation: OPTIONS },
  examples: [],
  run: async () => EXIT_CODES.ok,
});
const EVAL_AGENT = defineCommand({
  name: "eval agent",
  summary: "Judge an agent",
  arguments: { model: { required: true, help: "A file" } },
  groups: {},
  examples: [],
  run: async () => EXIT_CODES.ok,
});

const parse = (...argv: string[]): ReturnType<typeof parseArguments> =>
  parseArguments([RUN, RUN_TWICE, TOKENIZE, EVAL_AGENT], "1.2.3", argv, 100);

function textOf(...argv: string[]): string {
  const parsed = parse(...argv);
  return parsed.kind === "text" ? parsed.text : "a command";
}

function messageOf(...argv: string[]): string {
  try {
    return `read as ${parse(...argv).kind}`;
  } catch (thrown) {
    return thrown instanceof TurnwiseError && thrown.class === "UsageError"
      ? thrown.message
      : `threw ${String(thrown)}`;
  }
}

describe("parseArguments", () => {
  test("finds commands of two words, whether or not the first is one too", () => {
    expect(parse("run", "twice", "--raw")).toMatchObject({ command: RUN_TWICE, positional: [], given: { raw: true } });
    expect(parse("run", "thrice")).toMatchObject({ command: RUN, positional: ["thrice"] });
    expect(parse("eval", "agent", "m.gguf")).toMatchObject({ command: EVAL_AGENT, positional: ["m.gguf"] });
    expect(messageOf("eval", "agent")).toContain("turnwise eval agent needs MODEL");
    expect(messageOf("run", "twice", "--rwa")).toContain("--raw");
    expect(textOf("run", "--help")).toContain("twice");
  });

  test("splits arguments and options; a repeated option keeps all its texts", () => {
    expect(parse("run", "-p", "Hi", "m.gguf", "--stop", "a", "--stop=-b", "--raw")).toEqual({
      kind: "command",
      command: RUN,
      positional: ["m.gguf"],
      given: { prompt: ["Hi"], stop: ["a", "-b"], raw: true },
    });
  });

  test("takes a lone dash, a text that begins with a dash, and everything after --", () => {
    expect(parse("run", "-p", "-")).toMatchObject({ given: { prompt: ["-"] } });
    expect(parse("run", "-p", "--raw")).toMatchObject({ given: { prompt: ["--raw"] } });
    expect(parse("tokenize", "m.gguf", "-")).toMatchObject({ positional: ["m.gguf", "-"] });
    expect(parse("tokenize", "m.gguf", "--", "--bos")).toMatchObject({ positional: ["m.gguf", "--bos"] });
  });

  test("a flag that is on by default is turned off by --no-", () => {
    expect(parse("run", "--no-color")).toMatchObject({ given: { color: false } });
    expect(parse("run")).toMatchObject({ given: {} });
  });

  test.each([
    [[], "turnwise needs a command."],
    [["rum"], "There is no command rum. Did you mean run?"],
    [["xyzzy"], "There is no command xyzzy."],
    [["run", "--tempratur", "1"], "Unknown option --tempratur. Did you mean --temperature?"],
    [["run", "--tempratur=1"], "Unknown option --tempratur. Did you mean --temperature?"],
    [["run", "-x"], "Unknown option -x."],
    [["run", "--raw=false"], "Option --raw: takes no value; leave it out to turn it off."],
    [["run", "--color=false"], "Option --color: takes no value; --no-color turns it off."],
    [["--verzion"], "Unknown option --verzion. Did you mean --version?"],
    [["run", "--prompt"], "Option -p, --prompt: needs a value."],
    [["tokenize"], "turnwise tokenize needs MODEL."],
    [["run", "a", "b", "c"], "Too many arguments for turnwise run: 3 were given, at most 1 are taken."],
  ])("%j: %s", (argv, message) => {
    expect(messageOf(...argv)).toBe(message);
  });

  test("help of the program lists its commands, help of a command its groups and examples", () => {
    expect(textOf("--help")).toMatch(/run .*Print what the model says[^]*tokenize[^]*Examples:/);
    const help = textOf("run", "--help");
    expect(help).toContain("Generation:");
    expect(help).toContain("-p, --prompt <TEXT>");
    expect(help).toContain("Randomness [default 0.8; 0 to 2; T_TEMP]");
    expect(help).toContain("--no-color");
    expect(help).toContain("turnwise run -p Hello");
    expect(textOf("help", "run")).toBe(help);
  });

  test("prints the version", () => {
    expect(textOf("--version")).toBe("turnwise 1.2.3\n");
  });
});

describe("defineCommand", () => {
  test("hands over checked values with the environment's and the defaults", async () => {
    const stream = new PassThrough();
    const terminal = { stdin: stream, stdout: stream, stderr: stream, env: { T_TEMP: "0.25" } };
    const context = { terminal, interrupts: { push: () => () => {} } };
    await RUN.execute(["m.gguf"], { stop: ["a"] }, context);
    expect(seen).toMatchObject([
      {
        arguments: { model: "m.gguf" },
        options: { prompt: null, temperature: 0.25, stop: ["a"], raw: false, color: true },
      },
    ]);
  });
});
