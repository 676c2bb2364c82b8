/**
 * From an option's text to its checked value: command line first, then the environment, then the settings
 * file, then the default. It knows no command-line syntax; `cli/` splits the arguments and reads the file.
 */

import type { Environment } from "./environment.ts";
import { fail, turnwiseError } from "./errors.ts";
import type { TurnwiseError } from "./errors.ts";
import { unreachable } from "./invariant.ts";
import { nearestName } from "./nearest-name.ts";
import type { OptionRow, OptionTable, OptionType, OptionValues } from "./option-table.ts";

export type OptionValue = string | number | boolean | readonly string[] | null;

/** What was given for each option, by its long name: text, true or false for a flag, all texts of a repeated one. */
export type GivenOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** What a settings file gives for options, by their long names. */
export interface SettingsFile {
  readonly path: string;
  readonly given: GivenOptions;
}

export type OptionOrigin = "flag" | "environment" | "file" | "default";

export interface ResolvedOption {
  readonly value: OptionValue;
  readonly origin: OptionOrigin;
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  kb: 1e3,
  m: 2 ** 20,
  mib: 2 ** 20,
  mb: 1e6,
  g: 2 ** 30,
  gib: 2 ** 30,
  gb: 1e9,
  t: 2 ** 40,
  tib: 2 ** 40,
  tb: 1e12,
};

/** A longer timer of Node's fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

const DURATION_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/**
 * The values of `table`. Throws `unknown_option` for a name that it lacks (naming the nearest),
 * `invalid_option` for a text that is no value, naming the option, the environment variable or the file.
 */
export function resolveOptions<Table extends OptionTable>(
  table: Table,
  given: GivenOptions,
  env: Environment = {},
  file: SettingsFile | null = null,
): OptionValues<Table> {
  for (const name of Object.keys(given)) {
    if (!(name in table)) throw unknownOptionError(name, Object.keys(table));
  }
  const values: Record<string, OptionValue> = {};
  for (const [name, row] of Object.entries(table)) {
    values[camelCase(name)] = resolveOption(name, row, given[name], env, file).value;
  }
  return values as OptionValues<Table>;
}

/** `unknown_option` for `name` (without dashes) with the nearest of `known`. */
export function unknownOptionError(name: string, known: Iterable<string>): TurnwiseError {
  const nearest = nearestName(name, known);
  const hint = nearest === null ? "" : ` Did you mean ${flagOf(nearest)}?`;
  return turnwiseError("unknown_option", { option: flagOf(name), hint });
}

/** The value that `text` means; `source` names the option or variable in the error. */
export function parseOptionText(source: string, type: OptionType, text: string): string | number | boolean {
  switch (type.kind) {
    case "string":
    case "strings":
      return text;
    case "integer":
      return type.words?.includes(text) === true ? text : parseNumber(source, text, type, true);
    case "number":
      return parseNumber(source, text, type, false);
    case "boolean":
      return parseBoolean(source, text);
    case "bytes":
      return Math.floor(parseWithUnit(source, text, BYTE_UNITS, 'a size such as "512MiB" or "2GiB"'));
    case "duration":
      return parseDuration(source, text, type.maxMs ?? MAX_TIMER_MS);
    case "choice":
      if (type.choices.includes(text)) return text;
      return failInvalid(
        source,
        `${quote(text)} is not one of ${type.choices.join(", ")}${didYouMean(text, type.choices)}`,
      );
    default:
      return unreachable(type);
  }
}

/** "-p" for one letter, "--max-tokens" for more. */
export const flagOf = (name: string): string => (name.length === 1 ? `-${name}` : `--${name}`);

/** max-tokens -> maxTokens. */
export function camelCase(name: string): string {
  return name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** One option's value and where it comes from; throws `invalid_option`. */
export function resolveOption(
  name: string,
  row: OptionRow,
  given: GivenOptions[string],
  env: Environment,
  file: SettingsFile | null,
): ResolvedOption {
  if (given !== undefined) return { value: parseGiven(flagOf(name), row.type, given), origin: "flag" };
  // An empty variable counts as unset: compose files and units cannot remove one.
  const text = row.env === null ? undefined : env[row.env];
  if (row.env !== null && text !== undefined && text !== "") {
    const value = parseOptionText(row.env, row.type, text);
    return { value: row.type.kind === "strings" ? [text] : value, origin: "environment" };
  }
  const filed = file?.given[name];
  if (file !== null && filed !== undefined) {
    return { value: parseGiven(`${camelCase(name)} in ${file.path}`, row.type, filed), origin: "file" };
  }
  if (row.required === true) fail("invalid_option", { option: flagOf(name), problem: "it must be given." });
  return { value: row.default, origin: "default" };
}

function parseGiven(flag: string, type: OptionType, given: string | boolean | readonly string[]): OptionValue {
  if (type.kind === "strings") return typeof given === "object" ? given : [String(given)];
  if (typeof given === "boolean") {
    return type.kind === "boolean" ? given : failInvalid(flag, "needs a value");
  }
  // Given twice: the last one counts, as shells' aliases expect.
  const text = typeof given === "string" ? given : given.at(-1);
  return text === undefined ? failInvalid(flag, "needs a value") : parseOptionText(flag, type, text);
}

function parseNumber(
  source: string,
  text: string,
  { min, max }: { readonly min: number; readonly max: number },
  whole: boolean,
): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) return failInvalid(source, `${quote(text)} is not a number`);
  if (whole && !Number.isSafeInteger(value)) return failInvalid(source, `${quote(text)} is not a whole number`);
  if (value < min || value > max) return failInvalid(source, `${text} is outside ${describeRange(min, max)}`);
  return value;
}

/** "0 to 100", "1 or more". */
export function describeRange(min: number, max: number): string {
  return max >= Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
}

function parseBoolean(source: string, text: string): boolean {
  const word = text.toLowerCase();
  if (["1", "true", "yes", "on"].includes(word)) return true;
  if (["0", "false", "no", "off"].includes(word)) return false;
  return failInvalid(source, `${quote(text)} is neither true nor false`);
}

function parseWithUnit(
  source: string,
  text: string,
  units: Readonly<Record<string, number>>,
  expected: string,
): number {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const factor = units[match?.[2]?.toLowerCase() ?? "?"];
  // 0 needs no unit: it means "off" wherever it is allowed.
  const value =
    match?.[1] === undefined ? Number.NaN : Number(match[1]) * (factor ?? (text.trim() === "0" ? 1 : Number.NaN));
  if (!Number.isFinite(value) || value > Number.MAX_SAFE_INTEGER)
    return failInvalid(source, `${quote(text)} is not ${expected}`);
  return value;
}

function parseDuration(source: string, text: string, maxMs: number): number {
  const ms = parseWithUnit(source, text, DURATION_UNITS_MS, 'a time with its unit, such as "30s", "500ms" or "2m"');
  if (ms > maxMs) failInvalid(source, `${quote(text)} is longer than ${Math.floor(maxMs / 3_600_000)}h, the longest`);
  return ms;
}

function didYouMean(text: string, known: readonly string[]): string {
  const nearest = nearestName(text, known);
  return nearest === null ? "" : `; did you mean ${nearest}`;
}

const quote = (text: string): string => JSON.stringify(text);

function failInvalid(source: string, problem: string): never {
  fail("invalid_option", { option: source, problem: `${problem}.` });
}
