/**
 * SIGINT and SIGTERM. Without a handler they end the process at once with the shell's code; a command
 * that has something to finish pushes a handler for that time.
 */

export type InterruptSignal = "SIGINT" | "SIGTERM";

/** `count` is 1 at the first signal since the handler was pushed. */
type InterruptHandler = (signal: InterruptSignal, count: number) => void;

export interface Interrupts {
  /** Handles signals until the returned function is called; the newest handler has them all. */
  push(handler: InterruptHandler): () => void;
}

/** 128 + the signal's number, as shells report it. */
const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const satisfies Record<InterruptSignal, number>;

/** Ends the process as an unhandled signal would. */
export function exitBySignal(signal: InterruptSignal): never {
  process.exit(EXIT_OF_SIGNAL[signal]);
}

/** Listens for the process's signals from now on. */
export function listenForInterrupts(): Interrupts {
  const handlers: { readonly handle: InterruptHandler; count: number }[] = [];
  const dispatch = (signal: InterruptSignal): void => {
    const top = handlers.at(-1);
    if (top === undefined) exitBySignal(signal);
    top.count += 1;
    top.handle(signal, top.count);
  };
  process.on("SIGINT", dispatch);
  process.on("SIGTERM", dispatch);
  return {
    push: (handle) => {
      const entry = { handle, count: 0 };
      handlers.push(entry);
      return () => {
        const index = handlers.indexOf(entry);
        if (index >= 0) handlers.splice(index, 1);
      };
    },
  };
}

/** SIGHUP, which services send for a change of settings; without a handler it ends the process. */
export function onHangup(handler: () => void): void {
  process.on("SIGHUP", handler);
}

/**
 * Runs `work` with a signal that the first interrupt aborts; a second one ends the process at once.
 */
export async function withInterruptSignal<Result>(
  interrupts: Interrupts,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const release = interrupts.push((signal, count) => {
    if (count > 1) exitBySignal(signal);
    controller.abort();
  });
  try {
    return await work(controller.signal);
  } finally {
    release();
  }
}
