/** The ids of an answer's tool calls: whoever writes or remembers the answer asks here, so that they agree. */

import { createHash, randomBytes } from "node:crypto";
import type { ChatMessage } from "../../text/template/types.ts";

/** Templates that look at the letters of an id want fewer than these. */
export const FULL_ID = 24;

export class CallIds {
  readonly #make: () => string;
  readonly #ids: string[] = [];

  constructor(make: () => string) {
    this.#make = make;
  }

  /** Of the answer's call `index`, from 0. */
  of(index: number): string {
    while (this.#ids.length <= index) this.#ids.push(this.#make());
    return this.#ids[index] ?? "";
  }
}

/**
 * The messages with ids of `length` letters, for templates that take no others: an id of another API, or of
 * another server, gives way to a hash of it, the same in the call and in its result.
 */
export function withIdsOf(messages: readonly ChatMessage[], length: number): readonly ChatMessage[] {
  const fits = new RegExp(`^[a-zA-Z0-9]{${length}}$`);
  const fitted = (id: string): string =>
    fits.test(id) ? id : createHash("sha256").update(id).digest("hex").slice(0, length);
  return messages.map((message) => {
    const { tool_calls: calls, tool_call_id: id } = message;
    return {
      ...message,
      ...(calls === undefined
        ? {}
        : { tool_calls: calls.map((call) => (call.id === undefined ? call : { ...call, id: fitted(call.id) })) }),
      ...(id === undefined ? {} : { tool_call_id: fitted(id) }),
    };
  });
}

/** As OpenAI writes them; shorter ones are for templates that check the letters of an id. */
export function newCallId(length: number): string {
  return length < FULL_ID ? hexId(length) : `call_${hexId(length)}`;
}

/** `length` random hexadecimal digits. */
export function hexId(length: number): string {
  return randomBytes(length).toString("hex").slice(0, length);
}
