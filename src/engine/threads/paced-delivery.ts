/**
 * Hands on what a thread sends, at most one message each turn of the event loop. A thread that sends faster
 * than its messages are handled would otherwise keep sockets and timers waiting until it is done: Node
 * delivers all that a port holds before it looks at anything else.
 */

export class PacedDelivery<Message> {
  readonly #handle: (message: Message) => void;
  readonly #waiting: Message[] = [];
  /** A message was handled in this turn, or more wait for theirs. */
  #busy = false;

  constructor(handle: (message: Message) => void) {
    this.#handle = handle;
  }

  /** Handles `message` now where none was handled in this turn, else in a turn of its own, in order. */
  push(message: Message): void {
    if (this.#busy) {
      this.#waiting.push(message);
      return;
    }
    this.#busy = true;
    this.#schedule();
    this.#handle(message);
  }

  /** Handles all that waits, at once: nothing more will come. */
  flush(): void {
    for (const message of this.#waiting.splice(0)) this.#handle(message);
  }

  #schedule(): void {
    setImmediate(() => {
      const [message] = this.#waiting.splice(0, 1);
      if (message === undefined) {
        this.#busy = false;
        return;
      }
      this.#schedule();
      this.#handle(message);
    });
  }
}
