/** Whether a file system has room for what is to be fetched. */

import { statfs } from "node:fs/promises";
import { formatBytes } from "../base/bytes.ts";
import { turnwiseError } from "../base/errors.ts";
import type { TurnwiseError } from "../base/errors.ts";

/** Left free: a disk filled to its last byte stops other programs. */
const MARGIN_BYTES = 64 * 1024 * 1024;

/** Throws `disk_full` where `bytes` more would leave `folder`'s file system less than a margin. */
export async function requireSpace(folder: string, bytes: number, available = freeBytes): Promise<void> {
  if (bytes > 0 && bytes + MARGIN_BYTES > (await available(folder))) throw await diskFull(folder, bytes, available);
}

export async function diskFull(folder: string, bytes: number, available = freeBytes): Promise<TurnwiseError> {
  return turnwiseError("disk_full", {
    folder,
    needed: formatBytes(bytes),
    margin: formatBytes(MARGIN_BYTES),
    free: formatBytes(await available(folder)),
  });
}

/** For this user: `bavail` leaves out what is kept for root. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
