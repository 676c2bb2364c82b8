/**
 * What a command is: its name, arguments, options and examples as data, and a function. Parsing,
 * `--help` and `docs/cli.md` are derived from the data. No command-line syntax here: `parse-arguments.ts`.
 */

import { resolveOptions } from "../base/option-parse.ts";
import type { GivenOptions } from "../base/option-parse.ts";
import type { OptionTable, OptionValues } from "../base/option-table.ts";
import type { Interrupts } from "./interrupts.ts";
import { CONFIG_OPTIONS } from "./options/config-options.ts";
import { findSettingsFile } from "./settings-file.ts";
import { settingsOf } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** What the process ends with; documented in `docs/cli.md`. */
export const EXIT_CODES = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** What a command may touch of the world. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly interrupts: Interrupts;
}

export interface ArgumentRow {
  readonly required: boolean;
  readonly help: string;
}

/** Positional arguments in order, by name. */
export type ArgumentTable = Readonly<Record<string, ArgumentRow>>;

type ArgumentValues<Table extends ArgumentTable> = {
  readonly [Name in keyof Table]: Table[Name]["required"] extends true ? string : string | null;
};

/** Option tables under the heading that help shows them with. */
export type OptionGroups = Readonly<Record<string, OptionTable>>;

type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

type GroupValues<Groups extends OptionGroups> =
  Intersection<Groups[keyof Groups]> extends infer All extends OptionTable ? OptionValues<All> : never;

interface CommandText {
  /** One word, or two: `bench turns` is called as it is written, and listed in the help of `bench`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** More lines for the command's own help. */
  readonly details?: string;
  readonly examples: readonly string[];
}

interface CommandSpec<Arguments extends ArgumentTable, Groups extends OptionGroups> extends CommandText {
  readonly arguments: Arguments;
  readonly groups: Groups;
  readonly run: (
    input: {
      readonly arguments: ArgumentValues<Arguments>;
      readonly options: GroupValues<Groups>;
      /** The options anew, with what the settings file says now. */
      readonly rereadOptions: () => GroupValues<Groups>;
    },
    context: CommandContext,
  ) => Promise<ExitCode>;
}

/** A command with its types erased, as the parser and the reference see it. */
export interface Command extends CommandText {
  readonly arguments: ArgumentTable;
  readonly groups: OptionGroups;
  /** All groups' options. */
  readonly options: OptionTable;
  /** Checks the options, fills in environment and defaults, and runs. */
  execute(positional: readonly string[], given: GivenOptions, context: CommandContext): Promise<ExitCode>;
}

export function defineCommand<const Arguments extends ArgumentTable, const Groups extends OptionGroups>(
  spec: CommandSpec<Arguments, Groups>,
): Command {
  const own: OptionTable = Object.assign({}, ...Object.values(spec.groups));
  const hasSettings = Object.keys(settingsOf(own)).length > 0;
  const groups: OptionGroups = hasSettings ? { ...spec.groups, Settings: CONFIG_OPTIONS } : spec.groups;
  const options: OptionTable = hasSettings ? { ...own, ...CONFIG_OPTIONS } : own;
  return {
    name: spec.name,
    summary: spec.summary,
    ...(spec.details === undefined ? {} : { details: spec.details }),
    examples: spec.examples,
    arguments: spec.arguments,
    groups,
    options,
    execute: (positional, given, context) => {
      const names = Object.keys(spec.arguments);
      const values = Object.fromEntries(names.map((name, index) => [name, positional[index] ?? null]));
      const { env } = context.terminal;
      const readOptions = (): GroupValues<Groups> => {
        const file = hasSettings ? findSettingsFile(given["config"], env) : null;
        return resolveOptions(options, given, env, file) as GroupValues<Groups>;
      };
      return spec.run(
        {
          arguments: values as ArgumentValues<Arguments>,
          options: readOptions(),
          rereadOptions: readOptions,
        },
        context,
      );
    },
  };
}
