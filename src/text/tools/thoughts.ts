/** What a model thinks before it answers, in tags: free text, whatever the answer is bound to. */

import { heldBack } from "./tool-call-parser.ts";

export const THOUGHT_OPEN = "<think>";
export const THOUGHT_CLOSE = "</think>";

/** "none": tags are text like any other; "maybe": an answer may begin with a thought; "open": the prompt opened one. */
export type ThoughtStart = "none" | "maybe" | "open";

/** Where an answer behind `promptText` begins. `thinks`: the model's template knows thoughts. */
export function thoughtStart(thinks: boolean, promptText: string): ThoughtStart {
  if (!thinks) return "none";
  const end = promptText.trimEnd();
  // A thought that the prompt has closed is one that the model was told to leave out.
  if (end.endsWith(THOUGHT_CLOSE)) return "none";
  return end.endsWith(THOUGHT_OPEN) ? "open" : "maybe";
}

export interface SplitText {
  readonly thought: string;
  readonly answer: string;
}

/** Parts a text that comes in pieces: first the thought, then the answer. */
export class ThoughtSplitter {
  #state: "before" | "inside" | "after";
  /** Not yet decided. */
  #buffer = "";
  /** Line ends that follow a tag belong to it. */
  #isAfterTag = false;

  constructor(start: ThoughtStart) {
    this.#state = ({ none: "after", maybe: "before", open: "inside" } as const)[start];
  }

  /** The thought has begun and has no end yet. */
  get isInside(): boolean {
    return this.#state === "inside";
  }

  push(text: string): SplitText {
    const kept = this.#isAfterTag ? text.replace(/^\n+/, "") : text;
    this.#isAfterTag &&= kept === "";
    if (this.#state === "after") return { thought: "", answer: kept };
    this.#buffer += kept;
    if (this.#state === "before" && !this.#isDecided()) return { thought: "", answer: "" };
    return this.#state === "inside" ? this.#inside() : { thought: "", answer: this.#taken() };
  }

  /** What was held back, as the text is over. */
  finish(): SplitText {
    return this.#state === "inside" ? { thought: this.#taken(), answer: "" } : { thought: "", answer: this.#taken() };
  }

  /** Whether it is known that a thought begins, or that none does. */
  #isDecided(): boolean {
    const trimmed = this.#buffer.trimStart();
    if (THOUGHT_OPEN.startsWith(trimmed) && trimmed.length < THOUGHT_OPEN.length) return false;
    if (!trimmed.startsWith(THOUGHT_OPEN)) {
      this.#state = "after";
      return true;
    }
    this.#state = "inside";
    this.#buffer = this.#behindTag(trimmed.slice(THOUGHT_OPEN.length));
    return true;
  }

  #inside(): SplitText {
    const end = this.#buffer.indexOf(THOUGHT_CLOSE);
    const length = end >= 0 ? end : this.#buffer.length - heldBack(this.#buffer, THOUGHT_CLOSE);
    const thought = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.slice(length);
    if (end < 0) return { thought, answer: "" };
    this.#state = "after";
    return { thought, answer: this.#behindTag(this.#taken().slice(THOUGHT_CLOSE.length)) };
  }

  #behindTag(text: string): string {
    const kept = text.replace(/^\n+/, "");
    this.#isAfterTag = kept === "";
    return kept;
  }

  #taken(): string {
    const text = this.#buffer;
    this.#buffer = "";
    return text;
  }
}
