/** A pull as a user of a terminal follows it: what is fetched, a bar while it comes, Ctrl-C to stop. */

import { writableCacheDirectory } from "../base/cache-directory.ts";
import { formatBytes } from "../base/bytes.ts";
import { TurnwiseError } from "../base/errors.ts";
import { HubClient } from "../hub/hub-client.ts";
import { ModelCache } from "../hub/model-cache.ts";
import type { ModelFiles } from "../hub/model-files.ts";
import { pullModel } from "../hub/pull-model.ts";
import { type HubReference, shortCommit } from "../hub/reference.ts";
import type { HubFile } from "../hub/tree-listing.ts";
import { requireRunnableConfig } from "../models/hugging-face/runnable-config.ts";
import type { CommandContext } from "./command.ts";
import { withInterruptSignal } from "./interrupts.ts";
import { createProgress } from "./progress.ts";

/** The path that the model is loaded by. What config.json refuses ends it before the weights are fetched. An interrupt keeps what is there and throws `pull_stopped`. */
export async function pullInTerminal(
  reference: HubReference,
  cacheDir: string | null,
  { terminal, interrupts }: CommandContext,
): Promise<string> {
  const { stderr, env } = terminal;
  const progress = createProgress(stderr);
  const rate = new TransferRate();
  let total = 0;
  const say = (line: string): void => {
    progress.done();
    stderr.write(`${line}\n`);
  };
  try {
    return await withInterruptSignal(interrupts, async (signal) =>
      pullModel(reference, {
        client: HubClient.fromEnvironment(env),
        cache: new ModelCache(writableCacheDirectory(env, cacheDir)),
        signal,
        onPlan: (model, bytesLeft, commit) => {
          total = model.bytes;
          for (const line of describePlan(reference.repo, commit, model, bytesLeft)) say(line);
        },
        onFile: ({ path }, there) => {
          if (path === "config.json") requireRunnableConfig(there);
        },
        onProgress: (bytes) => progress.update(rate.describe(bytes, total), bytes / total),
        onWait: (holder) => say(`${holder} fetches this file; waiting for it`),
      }),
    );
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.name === "AbortError")) throw thrown;
    progress.done();
    throw new TurnwiseError("pull_stopped", {}, thrown);
  } finally {
    progress.done();
  }
}

function describePlan(
  repo: string,
  commit: string,
  { quant, files, bytes }: ModelFiles<HubFile>,
  bytesLeft: number,
): string[] {
  if (bytesLeft === 0) return [`${repo} ${quant}, ${formatBytes(bytes)}: all of it is there`];
  const left = bytesLeft < bytes ? `, ${formatBytes(bytesLeft)} of it to fetch` : "";
  return [
    `pulling ${repo} ${quant} at ${shortCommit(commit)}, ${formatBytes(bytes)}${left}`,
    ...files.map((file) => `  ${file.path}  ${formatBytes(file.bytes)}`),
  ];
}

/** Bytes a second since the first report: what an earlier run left counts for nothing. */
class TransferRate {
  #first: { readonly bytes: number; readonly ms: number } | null = null;

  /** "1.20 GiB of 4.34 GiB, 35.1 MiB/s". */
  describe(bytes: number, total: number): string {
    const ms = performance.now();
    this.#first ??= { bytes, ms };
    const seconds = (ms - this.#first.ms) / 1000;
    const perSecond = seconds > 0 ? Math.max(0, bytes - this.#first.bytes) / seconds : 0;
    return `${formatBytes(bytes)} of ${formatBytes(total)}, ${formatBytes(Math.round(perSecond))}/s`;
  }
}
