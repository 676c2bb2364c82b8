/**
 * How a family of models writes tool calls: a row of data each, in a file of its own. The grammar that
 * holds a call to its schema and the parser that reads it are made from the row.
 */

export const TOOL_FORMAT_NAMES = ["llama3", "llama3-builtin", "hermes", "mistral", "mistral-args", "json"] as const;
export type ToolFormatName = (typeof TOOL_FORMAT_NAMES)[number];

/** How one call is written. */
export type CallForm =
  /** {"name": NAME, "arguments": {...}} */
  | { readonly kind: "object"; readonly argumentsKey: "arguments" | "parameters" }
  /** NAME, `mark` and the arguments. */
  | { readonly kind: "marked"; readonly mark: string };

/** A tool that a family has a form of its own for, after `open`. It has one parameter, a text. */
export interface BuiltInTool {
  readonly name: string;
  readonly parameter: string;
  /** "call": NAME.call(PARAMETER="..."); "raw": the parameter's text as it is, up to the end of the answer. */
  readonly form: "call" | "raw";
}

export interface ToolFormat {
  readonly name: ToolFormatName;
  /** Whether a chat template that mentions tools is of this family. */
  readonly matches: (template: string) => boolean;
  /** Stands before the first call; "" where a call stands bare. A control token where the vocabulary has it so. */
  readonly open: string;
  /** A call may stand without `open`, at the beginning of the answer. */
  readonly bare: boolean;
  readonly call: CallForm;
  /** Around each call, after `open`. */
  readonly before: string;
  readonly after: string;
  /** Between two calls; null where an answer has one at most. */
  readonly between: string | null;
  /** After the last call. */
  readonly close: string;
  readonly builtIns: readonly BuiltInTool[];
  /** Control tokens of the format must show in the text that the parser reads. */
  readonly opensWithControlToken: boolean;
  /** Letters of a call's id: some templates check it. */
  readonly idLength: number;
}

export interface OfferedBuiltIn extends BuiltInTool {
  /** Of its parameter. */
  readonly schema: unknown;
}

/** Those of `format` that are among `tools` with the one parameter that they have. */
export function builtInsAmong(
  { builtIns }: ToolFormat,
  tools: readonly { readonly name: string; readonly parameters?: unknown }[],
): readonly OfferedBuiltIn[] {
  return builtIns.flatMap((builtIn) => {
    const schema = tools.find(({ name }) => name === builtIn.name)?.parameters as
      | { readonly properties?: Readonly<Record<string, { readonly type?: unknown }>> }
      | null
      | undefined;
    const [first, ...others] = Object.entries(schema?.properties ?? {});
    const fits = first?.[0] === builtIn.parameter && first[1].type === "string" && others.length === 0;
    return fits ? [{ ...builtIn, schema: first[1] }] : [];
  });
}
