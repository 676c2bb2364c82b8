/**
 * Entry of the thread that makes masks while the model computes the step before them. It follows each
 * generation with a matcher of its own; the step loop has another, which decides.
 */

import { parentPort, workerData } from "node:worker_threads";
import { invariant, unreachable } from "../../base/invariant.ts";
import type { Grammar } from "../../text/grammar/grammar.ts";
import { LexerMasks } from "../../text/grammar/masks/lexer-masks.ts";
import { Matcher } from "../../text/grammar/matcher.ts";
import { Pushdown } from "../../text/grammar/pushdown.ts";
import { preparedVocabulary } from "../load/prepared-vocabulary.ts";
import { MaskMemory, MaskThreadState, type MaskWorkerData, type ToMaskWorker } from "./mask-messages.ts";

invariant(parentPort !== null, "mask-worker.ts runs as a thread");
const { vocabulary, order, place, state: stateBuffer } = workerData as MaskWorkerData;
const state = new MaskThreadState(stateBuffer);
// Also where an exception ends it.
process.once("exit", () => state.ended());
const prepared = preparedVocabulary(vocabulary, place);
publishOrder(prepared.order);
const masks = new LexerMasks(vocabulary, prepared);
const pushdowns = new Map<string, Pushdown>();
const followed = new Map<number, Followed>();
parentPort.on("message", (message: ToMaskWorker) => {
  receive(message);
  state.moved();
});
state.ready();

interface Followed {
  readonly memory: MaskMemory;
  /** Null once it could not follow: the step loop then makes the masks itself, and meets the reason. */
  matcher: Matcher | null;
}

/** Before the first mask, so that the step loop can draft as soon as it has one. */
function publishOrder(sorted: Int32Array): void {
  const shared = new Int32Array(order);
  shared.set(sorted, 1);
  Atomics.store(shared, 0, sorted.length);
}

function receive(message: ToMaskWorker): void {
  switch (message.kind) {
    case "open": {
      followed.set(message.id, {
        memory: new MaskMemory(masks.wordCount, message.memory),
        matcher: startMatcher(message.key, message.grammar),
      });
      return;
    }
    case "follow": {
      const text = followed.get(message.id);
      if (text !== undefined) text.memory.publish(message.version, makeMasks(text, message));
      return;
    }
    case "close":
      followed.delete(message.id);
      return;
    case "forget":
      pushdowns.delete(message.key);
      return;
    default:
      unreachable(message);
  }
}

/** Null where the grammar has no start within its limits. */
function startMatcher(key: string, grammar: Grammar | null): Matcher | null {
  try {
    const pushdown = pushdowns.get(key) ?? (grammar === null ? null : new Pushdown(grammar, masks));
    if (pushdown === null) return null;
    pushdowns.set(key, pushdown);
    return new Matcher(pushdown);
  } catch {
    return null;
  }
}

/** The bits of the masks that are narrowed; null where they could not be made. */
function makeMasks(text: Followed, { steps, draft, left }: Extract<ToMaskWorker, { kind: "follow" }>): number | null {
  const { matcher, memory } = text;
  if (matcher === null) return null;
  try {
    for (const step of steps) {
      const isTaken = typeof step === "number" ? matcher.accept(step) : matcher.acceptBytes(step);
      invariant(isTaken, "what the step loop accepted is accepted here");
    }
    let narrowed = Number(matcher.fillMask(memory.mask(0), left));
    let taken = 0;
    for (const token of draft) {
      if (!matcher.accept(token)) break;
      taken += 1;
      if (matcher.fillMask(memory.mask(taken), left - taken)) narrowed |= 1 << taken;
    }
    matcher.rollback(taken);
    return narrowed;
  } catch {
    text.matcher = null;
    return null;
  }
}
