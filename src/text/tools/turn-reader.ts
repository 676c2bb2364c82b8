/** Reads a whole answer as it comes: first what the model thought, then its text and its tool calls. */

import { heldBack, ToolCallParser, type TurnPart } from "./tool-call-parser.ts";
import type { ToolFormat } from "./tool-format.ts";

const OPEN = "<think>";
const CLOSE = "</think>";

export interface TurnReaderOptions {
  /** Null where no tool can be called. */
  readonly tools: { readonly format: ToolFormat; readonly names: ReadonlySet<string> } | null;
  /** "none": thoughts are text; "open": the prompt has opened the thought already. */
  readonly reasoning: "none" | "maybe" | "open";
}

export class TurnReader {
  readonly #calls: ToolCallParser | null;
  #state: "before" | "inside" | "after";
  #buffer = "";
  /** Line ends that follow a tag belong to it. */
  #afterTag = false;

  constructor({ tools, reasoning }: TurnReaderOptions) {
    this.#calls = tools === null ? null : new ToolCallParser(tools.format, tools.names);
    this.#state = { none: "after", maybe: "before", open: "inside" }[reasoning] as "before" | "inside" | "after";
  }

  get calls(): number {
    return this.#calls?.calls ?? 0;
  }

  /** The last call has no end yet. */
  get isCallOpen(): boolean {
    return this.#calls?.isOpen ?? false;
  }

  push(text: string): readonly TurnPart[] {
    const kept = this.#afterTag ? text.replace(/^\n+/, "") : text;
    this.#afterTag &&= kept === "";
    if (this.#state === "after") return this.#answer(kept);
    this.#buffer += kept;
    return [...this.#before(), ...this.#inside()];
  }

  /** `cut`: a limit ended the answer, so that what it was about to say is not whole. */
  finish(cut: boolean): readonly TurnPart[] {
    const rest = this.#buffer;
    this.#buffer = "";
    if (this.#state === "inside") return rest === "" ? [] : [{ kind: "reasoning", text: rest }];
    return [...this.#answer(rest), ...(this.#calls?.finish(cut) ?? [])];
  }

  #before(): readonly TurnPart[] {
    if (this.#state !== "before") return [];
    const trimmed = this.#buffer.trimStart();
    if (OPEN.startsWith(trimmed) && trimmed.length < OPEN.length) return [];
    if (trimmed.startsWith(OPEN)) {
      this.#state = "inside";
      this.#buffer = this.#withoutLineEnds(trimmed.slice(OPEN.length));
      return [];
    }
    this.#state = "after";
    const text = this.#buffer;
    this.#buffer = "";
    return this.#answer(text);
  }

  #inside(): readonly TurnPart[] {
    if (this.#state !== "inside") return [];
    const end = this.#buffer.indexOf(CLOSE);
    const length = end >= 0 ? end : this.#buffer.length - heldBack(this.#buffer, CLOSE);
    const thought = this.#buffer.slice(0, length);
    const parts: TurnPart[] = thought === "" ? [] : [{ kind: "reasoning", text: thought }];
    this.#buffer = this.#buffer.slice(length);
    if (end < 0) return parts;
    const answer = this.#withoutLineEnds(this.#buffer.slice(CLOSE.length));
    this.#buffer = "";
    this.#state = "after";
    return [...parts, ...this.#answer(answer)];
  }

  #withoutLineEnds(text: string): string {
    const kept = text.replace(/^\n+/, "");
    this.#afterTag = kept === "";
    return kept;
  }

  #answer(text: string): readonly TurnPart[] {
    if (this.#calls !== null) return this.#calls.push(text);
    return text === "" ? [] : [{ kind: "text", text }];
  }
}
