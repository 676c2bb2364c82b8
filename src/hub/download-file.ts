/**
 * Fetches one file of a repository into its part: goes on where an earlier run ended, tries again when the
 * connection breaks, and checks the content's hash. The file's name is given by `keepFiles`.
 */

import { mkdir, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { formatBytes } from "../base/bytes.ts";
import { TurnwiseError, fail, turnwiseError } from "../base/errors.ts";
import { isCached, partPath } from "./cached-file.ts";
import type { HubClient, HubSnapshot } from "./hub-client.ts";
import { describeCause } from "./hub-failures.ts";
import { PartFile } from "./part-file.ts";
import { PATIENCE, waitToRetry } from "./retry.ts";
import type { Patience } from "./retry.ts";
import type { HubFile } from "./tree-listing.ts";

export interface DownloadOptions {
  readonly client: HubClient;
  readonly snapshot: HubSnapshot;
  readonly file: HubFile;
  /** Of the repository in the cache. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Bytes of this file that are there. */
  readonly onProgress: (bytes: number) => void;
  readonly patience?: Patience;
}

/** Bytes that lie in the cache already, whole or in part. */
export async function bytesThere(folder: string, file: HubFile): Promise<number> {
  if (await isCached(folder, file)) return file.bytes;
  const found = await stat(partPath(folder, file)).catch(() => null);
  return Math.min(found?.size ?? 0, file.bytes);
}

/**
 * Until the part is whole. Throws `download_broken`, `checksum_wrong`, what the hub refuses, what the system says of a
 * disk that takes no more, and the signal's reason; a part that is right so far stays.
 */
export async function downloadFile(options: DownloadOptions): Promise<void> {
  const { client, file, folder, signal } = options;
  const path = partPath(folder, file);
  await mkdir(dirname(path), { recursive: true });
  const part = await PartFile.open(path, file, signal);
  try {
    await fillPart(part, options);
    const found = part.digest();
    if (found !== file.hash.hex) {
      await rm(part.path);
      fail("checksum_wrong", { file: file.path, found, host: client.host, expected: file.hash.hex });
    }
    await part.sync();
  } finally {
    await part.close();
  }
}

/** Until it is as long as the file should be, however often the connection breaks. */
async function fillPart(part: PartFile, options: DownloadOptions): Promise<void> {
  const { file, signal, patience = PATIENCE } = options;
  let fruitless = 0;
  options.onProgress(part.bytes);
  while (part.bytes < file.bytes) {
    const before = part.bytes;
    try {
      await fetchSome(part, options, patience.stallMs);
    } catch (thrown) {
      signal.throwIfAborted();
      if (!mayPass(thrown)) throw thrown;
      fruitless = part.bytes > before ? 1 : fruitless + 1;
      if (fruitless >= patience.attempts) throw broken(part.bytes, file, thrown);
      await waitToRetry(patience, fruitless, thrown, signal);
    }
  }
}

/** One connection's worth. */
async function fetchSome(part: PartFile, options: DownloadOptions, stallMs: number): Promise<void> {
  const { client, snapshot, file, signal, onProgress } = options;
  const stall = new StallWatch(stallMs);
  try {
    const { response, linkedHash } = await client.openFile(
      snapshot,
      file.path,
      part.bytes,
      AbortSignal.any([signal, stall.signal]),
    );
    if (linkedHash !== null && linkedHash !== file.hash.hex) {
      await response.body?.cancel();
      fail("hub_changed", { file: file.path, host: client.host });
    }
    if (!continuesAt(response, part.bytes)) {
      await part.reset();
      if (response.status !== 200) {
        await response.body?.cancel();
        fail("hub_unreachable", { host: client.host, reason: "it answered with other bytes than were asked for" });
      }
    }
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      stall.alive();
      if (part.bytes + chunk.byteLength > file.bytes) fail("hub_changed", { file: file.path, host: client.host });
      await part.append(chunk);
      onProgress(part.bytes);
    }
    if (part.bytes < file.bytes) fail("hub_unreachable", { host: client.host, reason: "the connection was cut" });
  } finally {
    stall.stop();
  }
}

/** Whether the body goes on at `offset`; a server that knows no ranges sends all of it, with status 200. */
function continuesAt(response: Response, offset: number): boolean {
  if (response.status !== 206) return offset === 0 && response.status === 200;
  return /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] === String(offset);
}

/** Aborts its signal where nobody calls `alive` for so long. */
class StallWatch {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(stallMs: number) {
    this.#timer = setTimeout(() => {
      this.#controller.abort(new TypeError(`nothing came for ${stallMs / 1000} s`));
    }, stallMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  alive(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** A broken connection and a busy hub; what the hub refuses, and the disk, will not be better the next time. */
function mayPass(thrown: unknown): boolean {
  if (thrown instanceof TurnwiseError) return thrown.code === "hub_unreachable";
  return !(thrown instanceof Error && "syscall" in thrown);
}

function broken(bytes: number, file: HubFile, thrown: unknown): TurnwiseError {
  const reason = thrown instanceof TurnwiseError ? String(thrown.params["reason"]) : describeCause(thrown);
  return turnwiseError("download_broken", {
    file: file.path,
    done: formatBytes(bytes),
    total: formatBytes(file.bytes),
    reason,
  });
}
