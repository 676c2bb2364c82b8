/**
 * A file that is being fetched: it grows at its end and knows the hash of what it holds. It stays where it
 * is when the process ends, to be gone on with.
 */

import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { HubFile } from "./tree-listing.ts";

export class PartFile {
  readonly path: string;
  readonly #file: HubFile;
  readonly #handle: FileHandle;
  #hash: Hash;
  #bytes = 0;

  private constructor(path: string, file: HubFile, handle: FileHandle) {
    this.path = path;
    this.#file = file;
    this.#handle = handle;
    this.#hash = startHash(file);
  }

  /** Opens or creates it, and hashes what an earlier run left. */
  static async open(path: string, file: HubFile, signal: AbortSignal): Promise<PartFile> {
    const handle = await open(path, "a+");
    const part = new PartFile(path, file, handle);
    try {
      for await (const chunk of readChunks(path, signal)) part.#take(chunk as Uint8Array);
      if (part.bytes > file.bytes) await part.reset();
      return part;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws the system's error, ENOSPC among them. */
  async append(chunk: Uint8Array): Promise<void> {
    await this.#handle.appendFile(chunk);
    this.#take(chunk);
  }

  async reset(): Promise<void> {
    await this.#handle.truncate(0);
    this.#hash = startHash(this.#file);
    this.#bytes = 0;
  }

  /** The hash of the content, in hexadecimal. */
  digest(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Makes the content durable. */
  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #take(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#bytes += chunk.byteLength;
  }
}

/** The hash of a whole file's content as `file` has it, in hexadecimal. */
export async function hashOf(path: string, file: HubFile, signal: AbortSignal): Promise<string> {
  const hash = startHash(file);
  for await (const chunk of readChunks(path, signal)) hash.update(chunk as Uint8Array);
  return hash.digest("hex");
}

const readChunks = (path: string, signal: AbortSignal) => createReadStream(path, { signal, highWaterMark: 1 << 20 });

/** Git hashes a header before the content (gitformat-loose). */
function startHash({ bytes, hash }: HubFile): Hash {
  return hash.kind === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${bytes}\0`);
}
