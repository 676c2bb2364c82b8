/** The thread's side of `WorkerThread`: what it starts with. */

import { type MessagePort, workerData } from "node:worker_threads";

/** Resolves when the thread is taken. Called once. */
export async function startData<Data>(): Promise<Data> {
  const port = workerData as MessagePort;
  const data = await new Promise<Data>((resolve) => {
    port.once("message", resolve);
  });
  port.close();
  return data;
}
