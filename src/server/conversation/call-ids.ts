/** The ids of an answer's tool calls: whoever writes or remembers the answer asks here, so that they agree. */

import { randomBytes } from "node:crypto";

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

/** As OpenAI writes them; shorter ones are for templates that check the letters of an id. */
export function newCallId(length: number): string {
  return length < 24 ? hexId(length) : `call_${hexId(length)}`;
}

/** `length` random hexadecimal digits. */
export function hexId(length: number): string {
  return randomBytes(length).toString("hex").slice(0, length);
}
