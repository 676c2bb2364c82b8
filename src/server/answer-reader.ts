/** Reads one answer as its tokens come, and counts those of its thought. */

import type { TurnPart } from "../text/tools/tool-call-parser.ts";
import type { TurnReader } from "../text/tools/turn-reader.ts";
import type { Delta } from "./observe-generation.ts";

export class AnswerReader {
  readonly #reader: TurnReader;
  #tokens = 0;
  #thoughtTokens = 0;

  constructor(reader: TurnReader) {
    this.#reader = reader;
  }

  /** Tokens up to the last of the thought; a tag that opens it is one of them, the one that closes it is not. */
  get thoughtTokens(): number {
    return this.#thoughtTokens;
  }

  get calls(): number {
    return this.#reader.calls;
  }

  /** The last call has no end yet. */
  get isCallOpen(): boolean {
    return this.#reader.isCallOpen;
  }

  push({ text, tokens }: Delta): readonly TurnPart[] {
    this.#tokens += tokens.length;
    return this.#counted(this.#reader.push(text));
  }

  /** `cut`: a limit ended the answer. */
  finish(cut: boolean): readonly TurnPart[] {
    return this.#counted(this.#reader.finish(cut));
  }

  #counted(parts: readonly TurnPart[]): readonly TurnPart[] {
    if (parts.some(({ kind }) => kind === "reasoning")) this.#thoughtTokens = this.#tokens;
    return parts;
  }
}
