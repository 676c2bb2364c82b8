/** Writes a file piece by piece, to a temporary name beside it first, so that the name is never half a file. */

import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { fail, TurnwiseError } from "../base/errors.ts";
import { systemReason } from "./file-source.ts";

/** Called after each piece; `fraction` of the bytes is 0..1. */
export type WriteProgress = (fraction: number) => void;

/** Throws `file_unwritable`. `totalBytes` is for the progress alone. */
export function writeFilePieces(
  path: string,
  pieces: Iterable<Uint8Array>,
  totalBytes: number,
  onProgress: WriteProgress = () => {},
): void {
  const temporary = `${path}.${process.pid}.tmp`;
  let written = 0;
  try {
    const descriptor = openSync(temporary, "w");
    try {
      for (const piece of pieces) {
        writeFully(descriptor, piece);
        written += piece.length;
        onProgress(Math.min(1, written / totalBytes));
      }
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (error instanceof TurnwiseError) throw error;
    fail("file_unwritable", { path, reason: systemReason(error) });
  }
}

function writeFully(descriptor: number, bytes: Uint8Array): void {
  let done = 0;
  while (done < bytes.length) done += writeSync(descriptor, bytes, done, Math.min(bytes.length - done, 2 ** 30));
}
