/**
 * A thread's messages for a loop that does not return to the event loop while it has work: it takes
 * what has come without waiting, and waits only when idle.
 */

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

/** Node's timers count in 31 bits; whoever waits longer looks again. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class ThreadInbox<Message> {
  readonly #port: MessagePort;
  /** Delivered by the event loop while the thread was idle; older than what the port still holds. */
  readonly #delivered: Message[] = [];
  #wake: (() => void) | null = null;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on("message", (message: Message) => {
      this.#delivered.push(message);
      this.#wake?.();
    });
  }

  /** The next message, or null when none has come. */
  take(): Message | null {
    const delivered = this.#delivered.shift();
    if (delivered !== undefined) return delivered;
    return receiveMessageOnPort(this.#port)?.message ?? null;
  }

  /** Resolves when a message may be taken, or after `timeoutMs`, which may be Infinity. */
  async wait(timeoutMs: number): Promise<void> {
    if (this.#delivered.length > 0) return;
    let timer: NodeJS.Timeout | null = null;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (timeoutMs !== Infinity) timer = setTimeout(resolve, Math.min(Math.max(0, timeoutMs), MAX_TIMER_MS));
    });
    if (timer !== null) clearTimeout(timer);
    this.#wake = null;
  }

  /** Lets the thread end. */
  close(): void {
    this.#port.close();
  }
}
