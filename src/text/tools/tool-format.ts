/**
 * How a family of models writes tool calls: a row of data each, in a file of its own. The grammar that
 * holds a call to its schema and the parser that reads it are made from the row.
 */

export const TOOL_FORMAT_NAMES = ["llama3", "hermes", "mistral", "json"] as const;
export type ToolFormatName = (typeof TOOL_FORMAT_NAMES)[number];

export interface ToolFormat {
  readonly name: ToolFormatName;
  /** Whether a chat template that mentions tools is of this family. */
  readonly matches: (template: string) => boolean;
  /** Stands before the first call; "" where a call stands bare. A control token where the vocabulary has it so. */
  readonly open: string;
  /** Around each call's object, after `open`. */
  readonly before: string;
  readonly after: string;
  /** Between two calls; null where an answer has one at most. */
  readonly between: string | null;
  /** After the last call. */
  readonly close: string;
  /** The member that holds the arguments. */
  readonly argumentsKey: "arguments" | "parameters";
  /** Control tokens of the format must show in the text that the parser reads. */
  readonly opensWithControlToken: boolean;
  /** Letters of a call's id: some templates check it. */
  readonly idLength: number;
}
