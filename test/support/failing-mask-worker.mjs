// Stands in for the thread that makes masks, and fails when the first mask is asked for, as the grammar's key
// says: it "dies" or "stands still".
import { parentPort, workerData } from "node:worker_threads";

const [READY, ENDED] = [1, 2];
const state = new Int32Array(workerData.state);
let how = "";
process.once("exit", () => Atomics.store(state, 0, ENDED));
Atomics.store(state, 0, READY);
parentPort.on("message", ({ kind, key }) => {
  if (kind === "open") how = key;
  if (kind !== "follow") return;
  if (how === "dies") throw new Error("the thread is gone");
  Atomics.wait(state, 0, READY);
});
