/**
 * SIGINT and SIGTERM. Without a handler the system ends the process at once, also in the midst of native work; a
 * command that has something to finish pushes a handler for that time.
 */

export type InterruptSignal = "SIGINT" | "SIGTERM";

/** `count` is 1 at the first signal since the handler was pushed. */
type InterruptHandler = (signal: InterruptSignal, count: number) => void;

export interface Interrupts {
  /** Handles signals until the returned function is called; the newest handler has them all. */
  push(handler: InterruptHandler): () => void;
}

export interface ProcessInterrupts extends Interrupts {
  /** Sends the process `signal`, unless it had one: Ctrl-C reaches all processes of a terminal. */
  raiseIfNone(signal: InterruptSignal): void;
}

/** 128 + the signal's number, as shells report it. */
const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const satisfies Record<InterruptSignal, number>;

/** Ends the process as an unhandled signal would. */
export function exitBySignal(signal: InterruptSignal): never {
  process.exit(EXIT_OF_SIGNAL[signal]);
}

/**
 * The process's interrupts. It listens only while a handler is there: a listener takes the system's action away, and
 * is not called before synchronous work ends.
 */
export function processInterrupts(): ProcessInterrupts {
  const handlers: { readonly handle: InterruptHandler; count: number }[] = [];
  let hadOne = false;
  const dispatch = (signal: InterruptSignal): void => {
    hadOne = true;
    const top = handlers.at(-1);
    if (top === undefined) exitBySignal(signal);
    top.count += 1;
    top.handle(signal, top.count);
  };
  // To process 1 of a container the system does nothing.
  const listensAlways = process.pid === 1;
  if (listensAlways) listen(dispatch);
  return {
    push: (handle) => {
      const entry = { handle, count: 0 };
      if (handlers.length === 0 && !listensAlways) listen(dispatch);
      handlers.push(entry);
      return () => {
        const index = handlers.indexOf(entry);
        if (index < 0) return;
        handlers.splice(index, 1);
        if (handlers.length === 0 && !listensAlways) for (const signal of SIGNALS) process.off(signal, dispatch);
      };
    },
    raiseIfNone: (signal) => {
      if (!hadOne) process.kill(process.pid, signal);
    },
  };
}

const SIGNALS = Object.keys(EXIT_OF_SIGNAL) as readonly InterruptSignal[];

function listen(dispatch: (signal: InterruptSignal) => void): void {
  for (const signal of SIGNALS) process.on(signal, dispatch);
}

/**
 * Takes SIGHUP from now on, which services send for a change of settings and which ends a process that does not. The
 * returned function says who answers it; one that came before is answered then.
 */
export function takeHangups(): (handler: () => void) => void {
  let answer: (() => void) | null = null;
  let isWaiting = false;
  process.on("SIGHUP", () => {
    if (answer === null) isWaiting = true;
    else answer();
  });
  return (handler) => {
    answer = handler;
    if (isWaiting) handler();
  };
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
