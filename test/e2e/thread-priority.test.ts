/** Which of a process's threads Linux prefers. */

import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { expect, it, onTestFinished } from "vitest";
import { Engine } from "../../src/engine/engine.ts";
import { tinyModelFile } from "../support/random-model-file.ts";

/** By their names (proc_pid_stat(5)). */
function niceOfThreads(): readonly { readonly name: string; readonly nice: number }[] {
  return readdirSync("/proc/self/task").map((id) => {
    const [, name = "", fields = ""] = /\((.*)\) (.*)/.exec(readFileSync(`/proc/self/task/${id}/stat`, "utf8")) ?? [];
    return { name, nice: Number(fields.split(" ")[16]) };
  });
}

it.skipIf(process.platform !== "linux")("threads that compute are nicer than the one that serves", async () => {
  const engine = await Engine.load({ model: tinyModelFile(), threads: 2, backend: "auto" });
  onTestFinished(() => engine.dispose());
  for await (const part of engine.generate({ prompt: "go on", maxTokens: 2 })) if (part.kind === "end") break;
  const own = getPriority(process.pid);
  const nicer = niceOfThreads().filter(({ nice }) => nice > own);
  // The step loop's and the text's, and of the native pool the one beside the step loop's.
  expect(nicer.length).toBeGreaterThanOrEqual(engine.capacity.backend.startsWith("native") ? 3 : 2);
  expect(new Set(nicer.map(({ nice }) => nice))).toEqual(new Set([Math.min(19, own + 5)]));
});
