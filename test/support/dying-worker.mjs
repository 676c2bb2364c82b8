// Stands in for the step-loop thread: accepts an order, gives it one part, then dies of an exception.
import { parentPort } from "node:worker_threads";

parentPort.postMessage({ kind: "ready", model: {}, capacity: {}, tokenBytes: {} });
parentPort.on("message", (message) => {
  if (message.kind !== "submit") return;
  const { id } = message.order;
  const part = { kind: "prefill", doneTokens: 1, promptTokens: 1 };
  parentPort.postMessage({ kind: "accepted", id });
  parentPort.postMessage({ kind: "events", atMs: 0, events: [{ kind: "part", id, part }] });
  setTimeout(() => {
    throw new Error("the thread is gone");
  }, 10);
});
