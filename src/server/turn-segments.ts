/**
 * An answer as a list of segments: a thought, a text, a tool call. APIs whose answers are lists of blocks or
 * items open one, fill it and close it before the next.
 */

import type { TurnPart } from "../text/tools/tool-call-parser.ts";
import type { TurnReader } from "../text/tools/turn-reader.ts";
import { AnswerReader } from "./answer-reader.ts";
import { type ChoiceEnd, type ChoiceOutput, type Delta, isCut } from "./observe-generation.ts";

export interface Segment {
  /** In the answer, from 0. */
  readonly index: number;
  readonly kind: "text" | "reasoning" | "call";
  /** Of the tool that is called; "" for other kinds. */
  readonly name: string;
  /** Which of the answer's calls it is; -1 for other kinds. */
  readonly call: number;
  /** What came so far; of a call its arguments as JSON. */
  readonly text: string;
  /** The answer ended before it did: a call without its end, or a text that the token limit cut off. */
  readonly incomplete: boolean;
}

export type SegmentEvent =
  | { readonly kind: "open"; readonly segment: Segment }
  | { readonly kind: "add"; readonly segment: Segment; readonly text: string }
  | { readonly kind: "close"; readonly segment: Segment };

export class TurnSegments {
  readonly #reader: AnswerReader;
  readonly #segments: { -readonly [Field in keyof Segment]: Segment[Field] }[] = [];
  #calls = 0;

  constructor(reader: TurnReader) {
    this.#reader = new AnswerReader(reader);
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }

  get calls(): number {
    return this.#reader.calls;
  }

  get thoughtTokens(): number {
    return this.#reader.thoughtTokens;
  }

  push(delta: Delta): Generator<SegmentEvent> {
    return this.#take(this.#reader.push(delta));
  }

  *finish(end: ChoiceEnd): Generator<SegmentEvent> {
    yield* this.#take(this.#reader.finish(isCut(end)));
    const last = this.#segments.at(-1);
    if (last === undefined) return;
    last.incomplete = last.kind === "call" ? this.#reader.isCallOpen : end.reason === "length";
    yield { kind: "close", segment: last };
  }

  /** All of an answer that has ended. */
  *read(output: ChoiceOutput): Generator<SegmentEvent> {
    for (const delta of output.deltas) yield* this.push(delta);
    yield* this.finish(output);
  }

  *#take(parts: readonly TurnPart[]): Generator<SegmentEvent> {
    for (const part of parts) {
      if (part.kind === "call") {
        yield* this.#open("call", part.name);
        continue;
      }
      if (part.text === "") continue;
      const kind = part.kind === "arguments" ? "call" : part.kind;
      if (this.#segments.at(-1)?.kind !== kind) yield* this.#open(kind, "");
      const segment = this.#segments.at(-1);
      if (segment === undefined) continue;
      segment.text += part.text;
      yield { kind: "add", segment, text: part.text };
    }
  }

  *#open(kind: Segment["kind"], name: string): Generator<SegmentEvent> {
    const last = this.#segments.at(-1);
    if (last !== undefined) yield { kind: "close", segment: last };
    const call = kind === "call" ? this.#calls++ : -1;
    const segment = { index: this.#segments.length, kind, name, call, text: "", incomplete: false };
    this.#segments.push(segment);
    yield { kind: "open", segment };
  }
}

/** The arguments of a call as a value; a call that was cut off has none. */
export function callInput({ text }: Segment): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
