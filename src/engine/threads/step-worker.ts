/**
 * Entry of the step-loop thread: loads the model, then alternates between messages and steps. While
 * there is work it never waits: not for the main thread, not for the event loop.
 */

import { parentPort } from "node:worker_threads";
import { toTurnwiseError, turnwiseError } from "../../base/errors.ts";
import { invariant, unreachable } from "../../base/invariant.ts";
import { createStopMatcher } from "../../text/stop-strings.ts";
import { type LoadedModel, loadModel } from "../load/load-model.ts";
import { StepLoop } from "../step/step-loop.ts";
import type { FromStepWorker, StepWorkerData, ToStepWorker } from "./step-messages.ts";
import { MaskClient } from "./mask-client.ts";
import { startData } from "./start-data.ts";
import { takeVocabulary } from "./shared-vocabulary.ts";
import { goBehindMainThread } from "./thread-priority.ts";
import { ThreadInbox } from "./thread-inbox.ts";
import { grammarConstraints } from "../step/grammar-constraints.ts";
import { createTokenDecoder } from "../step/token-decoder.ts";

const PACK_WATCH_MS = 200;

invariant(parentPort !== null, "step-worker.ts runs as a thread");
const port = parentPort;
goBehindMainThread();
await main(await startData<StepWorkerData>());

async function main({ options, vocabulary }: StepWorkerData): Promise<void> {
  const inbox = new ThreadInbox<ToStepWorker>(port);
  let isLoaded = false;
  try {
    const model = loadModel(options, {
      onProgress: (progress) => post({ kind: "progress", progress }),
      onWarning: (message) => post({ kind: "warning", message }),
      ...(vocabulary === null ? {} : { sharedVocabulary: () => takeVocabulary(vocabulary) }),
    });
    try {
      const { info, capacity, admission, vocabulary: tokens } = model;
      post({
        kind: "ready",
        model: info,
        capacity,
        tokenBytes: { bytes: tokens.bytes, offsets: tokens.offsets },
        admission,
      });
      isLoaded = true;
      const watch = watchPackWriting(model);
      try {
        await serve(inbox, makeLoop(model));
      } finally {
        clearInterval(watch);
      }
    } finally {
      model.dispose();
    }
  } catch (thrown) {
    post({ kind: isLoaded ? "loopFailed" : "loadFailed", error: toTurnwiseError(thrown).toJSON() });
  } finally {
    inbox.close();
  }
}

/** Until told to stop. */
async function serve(inbox: ThreadInbox<ToStepWorker>, loop: StepLoop): Promise<void> {
  for (;;) {
    for (let message = inbox.take(); message !== null; message = inbox.take()) {
      if (message.kind === "dispose") {
        loop.failAll(turnwiseError("engine_disposed"));
        postStep(loop);
        return;
      }
      handle(message, loop);
    }
    if (loop.hasWork) {
      step(loop);
      continue;
    }
    await inbox.wait(loop.nextDueMs - performance.now());
    if (loop.endOverdue() > 0) postStep(loop);
  }
}

/** Tells once how the writing of packed weights ended; looked at between steps, since a thread of its own writes. */
function watchPackWriting(model: LoadedModel): NodeJS.Timeout {
  const watch = setInterval(() => {
    const writing = model.packWriting();
    if (writing?.state === "writing") return;
    clearInterval(watch);
    if (writing?.state === "failed") {
      const path = model.capacity.weightOrigin?.pack ?? "the cache";
      post({ kind: "warning", message: `Packed weights cannot be kept in ${path}: ${writing.reason}.` });
    }
    post({ kind: "weightsKept" });
  }, PACK_WATCH_MS);
  return watch;
}

function step(loop: StepLoop): void {
  try {
    loop.step();
  } catch (thrown) {
    // A defect of the loop itself: nobody may wait for ever.
    loop.failAll(toTurnwiseError(thrown));
  }
  postStep(loop);
}

type LoopMessage = Exclude<ToStepWorker, { kind: "dispose" }>;

/** A defect that one message meets fails its order alone; without an order it is said. */
function handle(message: LoopMessage, loop: StepLoop): void {
  try {
    apply(message, loop);
  } catch (thrown) {
    const error = toTurnwiseError(thrown);
    if (message.kind === "keep") return post({ kind: "warning", message: `A text is not kept: ${error.message}` });
    loop.fail(message.kind === "submit" ? message.order.id : message.id, error);
    postStep(loop);
  }
}

function apply(message: LoopMessage, loop: StepLoop): void {
  switch (message.kind) {
    case "submit":
      loop.submit(message.order);
      // An order that does not fit has ended already, and no step may follow.
      if (!loop.hasWork) postStep(loop);
      return;
    case "cancel":
      loop.cancel(message.id);
      postStep(loop);
      return;
    case "park":
      loop.park(message.id);
      postStep(loop);
      return;
    case "resume":
      loop.resume(message.id);
      postStep(loop);
      return;
    case "keep":
      loop.keep(message.text, message.ms);
      return;
    default:
      unreachable(message);
  }
}

function makeLoop(model: LoadedModel): StepLoop {
  const { vocabulary } = model;
  return new StepLoop({
    executor: model.executor,
    text: {
      decoder: (order) => createTokenDecoder(vocabulary, order.keepSpecial),
      stopMatcher: createStopMatcher,
      endTokens: new Set(vocabulary.endOfGenerationIds),
      constraint: grammarConstraints(vocabulary, new MaskClient(vocabulary, model.preparedPlace)),
    },
    limits: model.limits,
    costs: model.costs,
    fingerprint: model.fingerprint,
    poolBytes: model.capacity.kvBytes,
    clock: () => performance.now(),
  });
}

function postStep(loop: StepLoop): void {
  post({ kind: "step", atMs: performance.now(), events: loop.takeEvents(), stats: loop.stats() });
}

function post(message: FromStepWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  port.postMessage(message);
}
