/** A turn as plain data, collected from its events: what `turnwise start --json` prints. */

import type { ReplyCost } from "../../agent/chat-endpoint.ts";
import type { TurnEvent } from "../../agent/run-turn.ts";

export interface RecordedCall {
  readonly name: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
  /** What the model is told; absent until the tool has run. */
  result?: string;
  failed?: boolean;
}

/** One reply of the model with the results of its calls. */
export interface RecordedStep extends ReplyCost {
  readonly text: string | null;
  readonly calls: readonly RecordedCall[];
}

export class TurnRecord {
  readonly steps: RecordedStep[] = [];
  answer: string | null = null;
  readonly #calls = new Map<string, RecordedCall>();

  add(event: TurnEvent): void {
    switch (event.kind) {
      case "reply": {
        const { text, calls, tokens, ms } = event.reply;
        const recorded = calls.map(({ id, name, arguments: json }) => {
          const call: RecordedCall = { name, arguments: json };
          this.#calls.set(id, call);
          return call;
        });
        this.steps.push({ text, calls: recorded, tokens, ms });
        return;
      }
      case "result": {
        const call = this.#calls.get(event.call.id);
        if (call !== undefined) Object.assign(call, { result: event.content, failed: event.failed });
        return;
      }
      case "answer":
        this.answer = event.text;
        return;
      default:
        event satisfies never;
    }
  }
}
