/** Threads that are started before it is known for which model. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { BUILT_IN_MODEL } from "../../src/cli/built-in-model.ts";
import { Engine } from "../../src/engine/engine.ts";
import { startThreadsAhead, takeThread } from "../../src/engine/threads/worker-thread.ts";

/** Node counts a process's threads up. */
async function nextThreadId(): Promise<number> {
  const worker = new Worker("", { eval: true });
  const { threadId } = worker;
  await once(worker, "exit");
  return threadId;
}

test("an engine takes them, and the next one starts its own", async () => {
  const begin = await nextThreadId();
  startThreadsAhead();
  const engines = [await Engine.load({ model: BUILT_IN_MODEL })];
  expect(await nextThreadId()).toBe(begin + 3);
  engines.push(await Engine.load({ model: BUILT_IN_MODEL }));
  expect(await nextThreadId()).toBe(begin + 6);
  const texts = await Promise.all(engines.map(async (engine) => engine.detokenize(await engine.tokenize("Hello"))));
  expect(texts).toEqual(["Hello", "Hello"]);
  for (const engine of engines) await engine.dispose();
});

test("one that died is not taken", async () => {
  const entry = new URL("../support/ending-worker.mjs", import.meta.url);
  startThreadsAhead([entry]);
  const gone = takeThread(entry);
  startThreadsAhead([entry]);
  await once(gone.worker, "exit");
  await nextThreadId();
  const [code] = (await once(takeThread(entry).worker, "exit")) as [number];
  expect(code).toBe(7);
});
