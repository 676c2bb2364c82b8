import { expect, test } from "vitest";
import { processInterrupts } from "./interrupts.ts";

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
