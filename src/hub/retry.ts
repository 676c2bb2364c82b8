/** When a request to a hub is made again, and when it is given up. */

import { setTimeout as sleep } from "node:timers/promises";
import { HubBusyError } from "./hub-failures.ts";

/** When to give up. */
export interface Patience {
  /** Tries in a row that brought nothing. */
  readonly attempts: number;
  /** Before the second try; doubles with each. A hub that is busy may ask for more. */
  readonly firstWaitMs: number;
  /** A connection that brings nothing for so long is broken. */
  readonly stallMs: number;
}

export const PATIENCE: Patience = { attempts: 5, firstWaitMs: 1000, stallMs: 60_000 };

/** A hub that asks for longer is asked again each minute. */
const MAX_ASKED_WAIT_MS = 60_000;

/** Waits after the `fruitless`-th try in a row, which `thrown` ended; as long as a busy hub asks, within bounds. */
export async function waitToRetry(
  { firstWaitMs }: Patience,
  fruitless: number,
  thrown: unknown,
  signal: AbortSignal,
): Promise<void> {
  const askedMs = thrown instanceof HubBusyError ? Math.min(thrown.retryAfterMs ?? 0, MAX_ASKED_WAIT_MS) : 0;
  await sleep(Math.max(firstWaitMs * 2 ** (fruitless - 1), askedMs), undefined, { signal });
}

/** What `request` brings, made again while the hub is busy. Throws the last try's error, and the signal's reason. */
export async function untilAnswered<Result>(
  request: () => Promise<Result>,
  patience: Patience,
  signal: AbortSignal,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await request();
    } catch (thrown) {
      if (!(thrown instanceof HubBusyError) || tries >= patience.attempts) throw thrown;
      await waitToRetry(patience, tries, thrown, signal);
    }
  }
}
