/**
 * What an option table is: each command and the server describe their options once, as data; parsing,
 * validation, environment variables, `--help` and the reference in docs are derived from it.
 */

/** How an option's text becomes a value. */
export type OptionType =
  | { readonly kind: "string"; readonly placeholder: string }
  /** May be given more than once; the environment variable holds one. */
  | { readonly kind: "strings"; readonly placeholder: string }
  /** `words` may stand for numbers. */
  | { readonly kind: "integer"; readonly min: number; readonly max: number; readonly words?: readonly string[] }
  | { readonly kind: "number"; readonly min: number; readonly max: number }
  | { readonly kind: "boolean" }
  /** "512MiB", "2GiB", "1000000". */
  | { readonly kind: "bytes" }
  /** "30s", "500ms", "2m"; the value is milliseconds. `maxMs` is what a timer can run, unless it says otherwise. */
  | { readonly kind: "duration"; readonly maxMs?: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] };

export interface OptionRow {
  readonly type: OptionType;
  /** Null: absent unless given. */
  readonly default: string | number | boolean | null;
  /** Environment variable that sets it, or null. */
  readonly env: string | null;
  /** One line; says the unit, and what the default means where it is null. */
  readonly help: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** "-p TEXT is required". */
  readonly required?: boolean;
  /** A running server takes a new value at SIGHUP. */
  readonly reload?: boolean;
}

/** Keyed by the long name in kebab-case, without dashes. */
export type OptionTable = Readonly<Record<string, OptionRow>>;

type ValueOf<Type extends OptionType> = Type extends { kind: "integer"; words: readonly (infer Word)[] }
  ? number | Word
  : Type extends { kind: "integer" | "number" | "bytes" | "duration" }
    ? number
    : Type extends { kind: "boolean" }
      ? boolean
      : Type extends { kind: "choice"; choices: readonly (infer Choice)[] }
        ? Choice
        : Type extends { kind: "strings" }
          ? readonly string[]
          : string;

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

/** The values of a table, keyed in camelCase; null where an option without default was not given. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table & string as CamelCase<Name>]: Table[Name]["default"] extends null
    ? Table[Name]["required"] extends true
      ? ValueOf<Table[Name]["type"]>
      : ValueOf<Table[Name]["type"]> | null
    : ValueOf<Table[Name]["type"]>;
};
