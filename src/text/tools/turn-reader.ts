/** Reads a whole answer as it comes: first what the model thought, then its text and its tool calls. */

import { type SplitText, type ThoughtStart, ThoughtSplitter } from "./thoughts.ts";
import { ToolCallParser, type TurnPart } from "./tool-call-parser.ts";
import type { ToolFormat } from "./tool-format.ts";

export interface TurnReaderOptions {
  /** Null where no tool can be called. */
  readonly tools: { readonly format: ToolFormat; readonly names: ReadonlySet<string> } | null;
  readonly thoughts: ThoughtStart;
}

export class TurnReader {
  readonly #calls: ToolCallParser | null;
  readonly #thoughts: ThoughtSplitter;

  constructor({ tools, thoughts }: TurnReaderOptions) {
    this.#calls = tools === null ? null : new ToolCallParser(tools.format, tools.names);
    this.#thoughts = new ThoughtSplitter(thoughts);
  }

  get calls(): number {
    return this.#calls?.calls ?? 0;
  }

  /** The last call has no end yet. */
  get isCallOpen(): boolean {
    return this.#calls?.isOpen ?? false;
  }

  push(text: string): readonly TurnPart[] {
    return this.#read(this.#thoughts.push(text));
  }

  /** `cut`: a limit ended the answer, so that what it was about to say is not whole. */
  finish(cut: boolean): readonly TurnPart[] {
    return [...this.#read(this.#thoughts.finish()), ...(this.#calls?.finish(cut) ?? [])];
  }

  #read({ thought, answer }: SplitText): readonly TurnPart[] {
    const parts: TurnPart[] = thought === "" ? [] : [{ kind: "reasoning", text: thought }];
    if (this.#calls !== null) return [...parts, ...this.#calls.push(answer)];
    return answer === "" ? parts : [...parts, { kind: "text", text: answer }];
  }
}
