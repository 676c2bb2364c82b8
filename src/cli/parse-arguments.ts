/**
 * From `process.argv` to a command and its options' texts, by commander. Values are checked later, by
 * the option tables; what is wrong with the syntax becomes a row of the error table.
 */

import { Command as CommanderCommand, CommanderError, Option } from "commander";
import { turnwiseError } from "../base/errors.ts";
import type { TurnwiseError } from "../base/errors.ts";
import { invariant } from "../base/invariant.ts";
import { nearestName } from "../base/nearest-name.ts";
import { unknownOptionError } from "../base/option-parse.ts";
import type { GivenOptions } from "../base/option-parse.ts";
import type { OptionRow } from "../base/option-table.ts";
import type { Command } from "./command.ts";
import { optionFlags, optionHelp } from "./option-text.ts";

export type ParsedArguments =
  | {
      readonly kind: "command";
      readonly command: Command;
      readonly positional: readonly string[];
      readonly given: GivenOptions;
    }
  /** `--help` or `--version`: text for standard output. */
  | { readonly kind: "text"; readonly text: string };

/** Says what the program is; the list of commands follows. */
const INTRODUCTION = "Turnwise serves Llama-family models to agents, on CPUs.";

const TOP_EXAMPLES = [
  "turnwise start",
  'turnwise run model.gguf -p "Once upon a time"',
  "turnwise serve model.gguf --port 8080",
];

/** `argv` without the runtime and the script. Throws a UsageError for what it cannot read. */
export function parseArguments(
  commands: readonly Command[],
  version: string,
  argv: readonly string[],
  columns: number,
): ParsedArguments {
  let parsed: ParsedArguments | null = null;
  let output = "";
  const write = (text: string): void => {
    output += text;
  };
  const program = createProgram(version, columns, write);
  for (const command of commands) {
    const sub = addCommand(program, command);
    sub.action(() => {
      parsed = { kind: "command", command, positional: sub.args, given: givenOptions(sub, command) };
    });
  }
  try {
    program.parse(argv, { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return { kind: "text", text: output };
    throw translateError(thrown, commands, argv);
  }
  invariant(parsed !== null, "commander ran an action");
  return parsed;
}

function createProgram(version: string, columns: number, write: (text: string) => void): CommanderCommand {
  const program = new CommanderCommand("turnwise");
  program
    .description(INTRODUCTION)
    .version(`turnwise ${version}`, "-v, --version", "Print the version")
    .helpOption("-h, --help", "Print this help; after a command, the command's own")
    .helpCommand("help [command]", "Print a command's help")
    .usage("COMMAND [options]")
    .addHelpText("after", examplesText(TOP_EXAMPLES))
    // Options behind a command's name are the command's; commands inherit the setting.
    .enablePositionalOptions()
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: write,
      writeErr: write,
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  return program;
}

function addCommand(program: CommanderCommand, command: Command): CommanderCommand {
  const words = command.name.split(" ");
  const sub = groupOf(program, words)
    .command(words.at(-1) ?? "")
    .summary(command.summary);
  // Its lines are those of the source: the terminal has others.
  const details = command.details?.replaceAll("\n", " ");
  sub.description(details === undefined ? `${command.summary}.` : `${command.summary}.\n\n${details}`);
  sub.helpOption("-h, --help", "Print this help");
  for (const [name, row] of Object.entries(command.arguments)) {
    sub.argument(row.required ? `<${name.toUpperCase()}>` : `[${name.toUpperCase()}]`, row.help);
  }
  for (const [heading, table] of Object.entries(command.groups)) {
    for (const [name, row] of Object.entries(table)) sub.addOption(toOption(name, row).helpGroup(`${heading}:`));
  }
  sub.addHelpText("after", examplesText(command.examples));
  return sub;
}

/** What a command is registered under: `bench turns` under `bench`, which may be a command itself. */
function groupOf(program: CommanderCommand, words: readonly string[]): CommanderCommand {
  const [group] = words;
  if (words.length === 1 || group === undefined) return program;
  return program.commands.find((known) => known.name() === group) ?? program.command(group);
}

function toOption(name: string, row: OptionRow): Option {
  const option = new Option(optionFlags(name, row), optionHelp(row));
  // Texts of a repeated option are kept in order; the option table decides what they mean.
  if (row.type.kind !== "boolean") option.argParser((text: string, earlier: unknown) => [...listOf(earlier), text]);
  return option;
}

const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as string[]) : []);

function givenOptions(sub: CommanderCommand, command: Command): GivenOptions {
  const given: Record<string, string | boolean | readonly string[]> = {};
  for (const option of sub.options) {
    const attribute = option.attributeName();
    // A flag that is on by default is declared as --no-name, under its own name.
    const name = option.negate ? option.name().replace(/^no-/, "") : option.name();
    if (!(name in command.options) || sub.getOptionValueSource(attribute) !== "cli") continue;
    given[name] = sub.getOptionValue(attribute) as string | boolean | readonly string[];
  }
  return given;
}

const examplesText = (examples: readonly string[]): string =>
  examples.length === 0 ? "" : `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}\n`;

/** Commander's error as ours. Its codes are stable; the quoted word in its message is the culprit. */
function translateError(error: CommanderError, commands: readonly Command[], argv: readonly string[]): TurnwiseError {
  const culprit = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  const words = argv.filter((word) => !word.startsWith("-"));
  const named = (count: number): Command | undefined =>
    commands.find(({ name }) => name === words.slice(0, count).join(" "));
  const command = named(2) ?? named(1);
  const name = command === undefined ? "turnwise" : `turnwise ${command.name}`;
  switch (error.code) {
    case "commander.help":
      return turnwiseError("missing_argument", { command: "turnwise", what: "a command" });
    case "commander.unknownCommand":
      return unknownCommand(culprit, commands);
    case "commander.unknownOption":
      return unknownOption(culprit, command);
    case "commander.missingArgument":
      return turnwiseError("missing_argument", { command: name, what: culprit.toUpperCase() });
    case "commander.optionMissingArgument":
      return turnwiseError("invalid_option", { option: culprit.replace(/ <.*$/, ""), problem: "needs a value." });
    case "commander.excessArguments":
      return turnwiseError("unexpected_argument", { command: name, ...argumentCounts(error.message) });
    default:
      return turnwiseError("invalid_option", { option: culprit, problem: error.message });
  }
}

function unknownCommand(given: string, commands: readonly Command[]): TurnwiseError {
  const nearest = nearestName(
    given,
    commands.map(({ name }) => name),
  );
  return turnwiseError("unknown_command", {
    command: given,
    hint: nearest === null ? "" : ` Did you mean ${nearest}?`,
  });
}

function unknownOption(given: string, command: Command | undefined): TurnwiseError {
  const name = given.replace(/^-+/, "").replace(/=.*$/s, "");
  const row = command?.options[name];
  if (given.includes("=") && row?.type.kind === "boolean") {
    const flag = row.default === true ? `--no-${name} turns it off` : "leave it out to turn it off";
    return turnwiseError("invalid_option", { option: `--${name}`, problem: `takes no value; ${flag}.` });
  }
  return unknownOptionError(name, ["help", "version", ...Object.keys(command?.options ?? {})]);
}

/** From commander's "Expected 1 argument but got 2." */
function argumentCounts(message: string): { readonly expected: string; readonly given: string } {
  const [expected = "0", given = "more"] = message.match(/\d+/g) ?? [];
  return { expected, given };
}
