import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { processInterrupts, takeHangups } from "./interrupts.ts";

const listeners = (): number[] => ["SIGINT", "SIGTERM"].map((signal) => process.listenerCount(signal));

test("signals are the system's own but while a handler is there", () => {
  const before = listeners();
  const interrupts = processInterrupts();
  expect(listeners()).toEqual(before);
  const outer = interrupts.push(() => {});
  const inner = interrupts.push(() => {});
  expect(listeners()).toEqual(before.map((count) => count + 1));
  inner();
  inner();
  expect(listeners()).toEqual(before.map((count) => count + 1));
  outer();
  expect(listeners()).toEqual(before);
});

test("the newest handler has the signals, counted since it was pushed; one is raised where there was none", async () => {
  const interrupts = processInterrupts();
  const seen: unknown[] = [];
  const release = [
    interrupts.push((signal, count) => seen.push(["outer", signal, count])),
    interrupts.push((signal, count) => seen.push(["inner", signal, count])),
  ];
  interrupts.raiseIfNone("SIGTERM");
  await expect.poll(() => seen).toEqual([["inner", "SIGTERM", 1]]);
  interrupts.raiseIfNone("SIGTERM");
  process.kill(process.pid, "SIGINT");
  await expect.poll(() => seen.at(-1)).toEqual(["inner", "SIGINT", 2]);
  for (const end of release) end();
});

/** A SIGHUP of this process, once its listeners have had it. */
const arrived = (): Promise<unknown> => {
  const signal = once(process, "SIGHUP");
  process.kill(process.pid, "SIGHUP");
  return signal;
};

test("a SIGHUP that nobody answers yet ends nothing, and is answered once when somebody does", async () => {
  const before = process.listeners("SIGHUP");
  const answerWith = takeHangups();
  onTestFinished(() => {
    for (const listener of process.listeners("SIGHUP")) {
      if (!before.includes(listener)) process.off("SIGHUP", listener);
    }
  });
  await arrived();
  await arrived();
  let answers = 0;
  answerWith(() => (answers += 1));
  expect(answers).toBe(1);
  await arrived();
  expect(answers).toBe(2);
});
