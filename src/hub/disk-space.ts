/** Whether a file system has room for what is to be fetched, and what to say where it has none. */

import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { formatBytes } from "../base/bytes.ts";
import { turnwiseError } from "../base/errors.ts";
import type { TurnwiseError } from "../base/errors.ts";

/** Left free: a disk filled to its last byte stops other programs. */
const MARGIN_BYTES = 64 * 1024 * 1024;

/** Throws `disk_full` where `bytes` more would leave `folder`'s file system less than a margin. */
export async function requireSpace(folder: string, bytes: number, available = freeBytes): Promise<void> {
  if (bytes > 0 && bytes + MARGIN_BYTES > (await available(folder))) throw await diskFull(folder, bytes, available);
}

/** `work`, which writes to `folder`. Throws `disk_full` where the system says so; `bytesLeft` are then still missing. */
export async function namingFullDisk<Result>(
  folder: string,
  bytesLeft: () => Promise<number>,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw isDiskFull(error) ? await diskFull(folder, await bytesLeft(), freeBytes) : error;
  }
}

async function diskFull(
  folder: string,
  bytes: number,
  available: (folder: string) => Promise<number>,
): Promise<TurnwiseError> {
  return turnwiseError("disk_full", {
    folder,
    needed: formatBytes(bytes),
    margin: formatBytes(MARGIN_BYTES),
    free: formatBytes(await available(folder)),
  });
}

/** For this user: `bavail` leaves out what is kept for root. Of the nearest folder that is there. */
export async function freeBytes(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => null);
  if (found !== null) return found.bavail * found.bsize;
  const parent = dirname(folder);
  return parent === folder ? 0 : freeBytes(parent);
}

/** The disk, or what this user may have of it. */
const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
