/**
 * Reads a GGUF header front to back. Every read is checked against the file's size before anything is
 * allocated, and a failure names the field and its offset. The header's length is not known before it
 * is parsed, so the cursor looks at a window from byte 0 on that grows as needed.
 */

import { fail } from "../../base/errors.ts";
import type { ByteSource } from "../byte-source.ts";
import type { GgufLimits } from "./limits.ts";

const FIRST_WINDOW_BYTES = 256 * 1024;
const WINDOW_GROWTH = 4;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class HeaderCursor {
  readonly path: string;
  readonly limits: GgufLimits;
  readonly #source: ByteSource;
  #bytes: Uint8Array;
  #view: DataView;
  #offset = 0;

  constructor(source: ByteSource, limits: GgufLimits) {
    this.path = source.path;
    this.limits = limits;
    this.#source = source;
    this.#bytes = new Uint8Array(0);
    this.#view = viewOf(this.#bytes);
  }

  get offset(): number {
    return this.#offset;
  }

  /** Bytes between the cursor and the end of the file. */
  get remaining(): number {
    return this.#source.size - this.#offset;
  }

  /** Checks that `length` bytes follow and makes them readable; returns where they begin. */
  need(length: number, field: string): number {
    const start = this.#offset;
    const end = start + length;
    if (end <= this.#bytes.length) return start;
    if (length > this.remaining) this.truncated(field, length);
    this.checkLimit(field, end, "headerBytes");
    const target = Math.max(end, FIRST_WINDOW_BYTES, this.#bytes.length * WINDOW_GROWTH);
    this.#bytes = this.#source.view(0, Math.min(target, this.#source.size, this.limits.headerBytes));
    this.#view = viewOf(this.#bytes);
    return start;
  }

  /** The `length` bytes at the cursor, not copied: they belong to the source. */
  take(length: number, field: string): Uint8Array {
    const start = this.need(length, field);
    this.#offset = start + length;
    return this.#bytes.subarray(start, start + length);
  }

  /** `read` of the window at the cursor; `length` is what it reads. */
  scalar<T>(length: number, field: string, read: (view: DataView, offset: number) => T): T {
    const start = this.need(length, field);
    this.#offset = start + length;
    return read(this.#view, start);
  }

  uint32(field: string): number {
    return this.scalar(4, field, (view, offset) => view.getUint32(offset, true));
  }

  /** A u64 that must be a safe integer: a count, a size or an offset. */
  size(field: string): number {
    const start = this.need(8, field);
    const value = this.#view.getUint32(start, true) + this.#view.getUint32(start + 4, true) * 2 ** 32;
    if (!Number.isSafeInteger(value)) {
      this.invalid(field, `${this.#view.getBigUint64(start, true)} is above 2^53 - 1`, start);
    }
    this.#offset = start + 8;
    return value;
  }

  /**
   * A count of things of at least `minimumBytes` each, which the rest of the file, and a header within
   * its limit, must be able to hold: so memory may be taken for that many.
   */
  count(field: string, minimumBytes: number): number {
    const start = this.#offset;
    const value = this.size(field);
    const needed = value * minimumBytes;
    if (needed > this.remaining) this.truncated(field, needed, start);
    this.checkLimit(field, this.#offset + needed, "headerBytes", start);
    return value;
  }

  /** A length-prefixed string's bytes, not copied. */
  stringBytes(field: string, limit: "keyBytes" | "stringBytes" | "tensorNameBytes"): Uint8Array {
    const start = this.#offset;
    const length = this.size(field);
    if (length > this.remaining) this.truncated(field, length, start);
    this.checkLimit(field, length, limit, start);
    return this.take(length, field);
  }

  /**
   * Walks over `count` length-prefixed strings, writing where each one's bytes begin, relative to the
   * cursor, to `starts`; returns all their bytes, prefixes included, as a copy.
   */
  stringRegion(count: number, field: string, starts: Uint32Array): Uint8Array {
    const begin = this.#offset;
    let offset = begin;
    for (let index = 0; index < count; index += 1) {
      if (offset + 8 > this.#bytes.length) {
        this.#offset = offset;
        this.need(8, `${field}[${index}]`);
      }
      const length = this.#view.getUint32(offset, true);
      const high = this.#view.getUint32(offset + 4, true);
      if (high !== 0 || length > this.limits.stringBytes || length > this.#source.size - offset - 8) {
        this.#offset = offset;
        this.stringBytes(`${field}[${index}]`, "stringBytes");
      }
      starts[index] = offset + 8 - begin;
      offset += 8 + length;
    }
    starts[count] = offset + 8 - begin;
    this.#offset = begin;
    return this.take(offset - begin, field).slice();
  }

  checkLimit(field: string, value: number, limitName: keyof GgufLimits, offset = this.#offset): void {
    const limit = this.limits[limitName];
    if (value > limit) {
      fail("gguf_limit", { path: this.path, field, offset, value, limit, limitName });
    }
  }

  invalid(field: string, problem: string, offset = this.#offset): never {
    return fail("gguf_invalid", { path: this.path, field, offset, problem });
  }

  truncated(field: string, needed: number, offset = this.#offset): never {
    return fail("gguf_truncated", { path: this.path, field, offset, needed, available: this.remaining });
  }
}

/** Bytes as text; U+FFFD where they are not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
