/**
 * A ByteSource over plain file reads, for when no native core maps files, and one over bytes in
 * memory. Every `view` of a file is a fresh copy, so views stay valid after `dispose`.
 */

import { type BigIntStats, closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

import { fail } from "../base/errors.ts";
import { invariant } from "../base/invariant.ts";
import type { ByteSource } from "./byte-source.ts";

/** One read call takes at most 2^31 - 1 bytes. */
const READ_CHUNK_BYTES = 2 ** 30;

/** Opens a regular file for reading. Throws `file_unreadable`. */
export function openFileSource(path: string): ByteSource {
  const descriptor = reading(path, () => openSync(path, "r"));
  let opened: BigIntStats;
  try {
    opened = reading(path, () => fstatSync(descriptor, { bigint: true }));
    if (!opened.isFile()) {
      const reason = opened.isDirectory() ? "it is a directory" : "it is not a regular file";
      fail("file_unreadable", { path, reason });
    }
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  const size = Number(opened.size);
  let open = true;
  return {
    path,
    size,
    view(offset, length) {
      invariant(open, `${path} was read after dispose()`);
      checkRange(path, size, offset, length);
      return readFully(path, descriptor, offset, length);
    },
    isCurrent() {
      const now = reading(path, () => statSync(path, { bigint: true, throwIfNoEntry: false }));
      return (["dev", "ino", "size", "mtimeNs"] as const).every((field) => now?.[field] === opened[field]);
    },
    dispose() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

/** Bytes in memory as a source; `path` is for messages only. Views share memory with `bytes`. */
export function memorySource(path: string, bytes: Uint8Array): ByteSource {
  return {
    path,
    size: bytes.length,
    view(offset, length) {
      checkRange(path, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    isCurrent: () => true,
    dispose() {},
  };
}

function readFully(path: string, descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = reading(path, () => new Uint8Array(length));
  let done = 0;
  while (done < length) {
    const chunk = Math.min(length - done, READ_CHUNK_BYTES);
    const position = offset + done;
    const got = reading(path, () => readSync(descriptor, bytes, done, chunk, position));
    if (got === 0)
      fail("file_unreadable", { path, reason: `it shrank below ${offset + length} bytes while it was read` });
    done += got;
  }
  return bytes;
}

function checkRange(path: string, size: number, offset: number, length: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!whole || offset + length > size) {
    fail("file_unreadable", { path, reason: `bytes ${offset} to ${offset + length} are outside its ${size} bytes` });
  }
}

/** Runs a file system call or an allocation; what it throws becomes `file_unreadable`. */
function reading<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    return fail("file_unreadable", { path, reason: systemReason(error) });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of the path is not a directory",
  ENOSPC: "the disk is full",
  EROFS: "the file system is read-only",
  EMFILE: "too many files are open",
};

/** A system error in words; also used where files are written. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  return REASONS[code] ?? error.message;
}
