// Stands in for the step-loop thread: accepts an order, gives it one part, then dies of an exception.
import { parentPort } from "node:worker_threads";

/* oxlint-disable unicorn/require-post-message-target-origin -- a thread has no origin */

parentPort.postMessage({ kind: "ready", model: {}, capacity: { maxSequences: 1 }, tokenBytes: {}, maxWaiting: 1 });
parentPort.on("message", (message) => {
  if (message.kind !== "submit") return;
  const { id } = message.order;
  const part = { kind: "prefill", doneTokens: 1, promptTokens: 1 };
  parentPort.postMessage({ kind: "step", atMs: 0, events: [{ kind: "part", id, part }], stats: {} });
  setTimeout(() => {
    throw new Error("the thread is gone");
  }, 10);
});
