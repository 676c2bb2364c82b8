/**
 * Damaged files: each ends in a typed error that names field and offset, or still parses; never in
 * another exception, and never in an allocation larger than the file warrants.
 */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { TurnwiseError } from "../../base/errors.ts";
import { memorySource } from "../file-source.ts";
import type { GgufModel } from "./model.ts";
import { readGguf } from "./read.ts";
import { ggufValue } from "./value.ts";
import { ggufBytes } from "./write.ts";
import { patchedBytes } from "../../../test/support/damaged-bytes.ts";

/** Every value type, nesting, and tensors of several types, in some 900 bytes. */
const FILE = ggufBytes({
  metadata: [
    ["general.architecture", ggufValue.string("llama")],
    ["general.alignment", ggufValue.uint32(32)],
    ["split.count", ggufValue.uint16(1)],
    ["u8", ggufValue.uint8(1)],
    ["i16", ggufValue.int16(-2)],
    ["f64", ggufValue.float64(0.1)],
    ["u64", ggufValue.uint64(7n)],
    ["b", ggufValue.bool(true)],
    ["strings", ggufValue.strings(["a", "Ġb", Uint8Array.of(0xff), ""])],
    ["floats", ggufValue.numbers("float32", [1, 2, 3])],
    ["longs", ggufValue.bigints("int64", [-1n])],
    ["bools", ggufValue.bools([true, false])],
    ["nested", ggufValue.arrays([ggufValue.arrays([ggufValue.strings(["x"])]), ggufValue.numbers("int8", [1])])],
  ],
  tensors: [
    { name: "a", type: "F32", shape: [2, 3], data: new Uint8Array(24) },
    { name: "b", type: "Q8_0", shape: [32], data: new Uint8Array(34) },
    { name: "c", type: "Q4_K", shape: [256, 1, 1, 1], data: new Uint8Array(144) },
  ],
});
/** The last tensor's data ends here; padding follows. */
const DATA_END = FILE.length - (160 - 144);

/** What one parse may add to heap and buffers: small objects, errors with stacks, and the copied values. */
const ALLOWED_BYTES = 2 * 2 ** 20;

interface Outcome {
  /** Null where the file parses. */
  readonly error: TurnwiseError | null;
  /** What breaks the promises above; null where nothing does. */
  readonly problem: string | null;
}

/** Parses `bytes` and reads all that a caller could reach. */
function outcome(bytes: Uint8Array): Outcome {
  const before = process.memoryUsage();
  const result = parse(bytes);
  const after = process.memoryUsage();
  const grown = Math.max(after.arrayBuffers - before.arrayBuffers, after.heapUsed - before.heapUsed);
  return grown > ALLOWED_BYTES ? { ...result, problem: `it took ${grown} bytes` } : result;
}

function parse(bytes: Uint8Array): Outcome {
  try {
    const problem = useAll(readGguf("m.gguf", (path) => memorySource(path, bytes)));
    return { error: null, problem };
  } catch (error) {
    if (!(error instanceof TurnwiseError)) throw error;
    return { error, problem: incomplete(error) };
  }
}

function useAll(model: GgufModel): string | null {
  for (const [key, value] of model.metadata.entries()) {
    if (value.kind === "strings" && value.values.toArray().length !== value.values.length)
      return `${key} loses strings`;
  }
  for (const tensor of model.tensors.values()) {
    if (tensor.view().length !== tensor.byteLength) return `${tensor.name} has another size`;
  }
  model.dispose();
  return null;
}

/** What an error lacks: the right code, a field and an offset, a whole message. */
function incomplete(error: TurnwiseError): string | null {
  const { code, params, message } = error;
  if (!/^gguf_(?:bad_magic|bad_version|truncated|invalid|limit)$/.test(code)) return `code ${code}`;
  // Names of fields are random, too, and may look like a place that was not filled in.
  const own = message.replaceAll(String(params["field"]), "");
  if (/NaN|undefined|\{[a-zA-Z]+\}/.test(own)) return message;
  if (code.startsWith("gguf_bad")) return null;
  return params["field"] !== "" && Number.isSafeInteger(params["offset"]) ? null : message;
}

/** The problems of parsing each of `files`, and how many were refused. */
function outcomes(files: Iterable<Uint8Array>): { readonly problems: readonly string[]; readonly refused: number } {
  const problems: string[] = [];
  let refused = 0;
  for (const bytes of files) {
    const { error, problem } = outcome(bytes);
    if (error !== null) refused += 1;
    if (problem !== null) problems.push(problem);
  }
  return { problems, refused };
}

const patched = (offset: number, patch: Uint8Array): Uint8Array => patchedBytes(FILE, offset, patch);

const OFFSETS = Array.from(FILE.keys());

describe("a damaged GGUF file", () => {
  it("is whole before it is damaged", () => {
    expect(outcome(FILE)).toEqual({ error: null, problem: null });
  });

  it("is refused when cut anywhere before the end of its data", () => {
    const codes = OFFSETS.map((length) => {
      const { error, problem } = outcome(FILE.slice(0, length));
      return problem ?? error?.code ?? "parsed";
    });
    const expected = OFFSETS.map((length) => {
      if (length < 4) return "gguf_bad_magic";
      return length < DATA_END ? "gguf_truncated" : "parsed";
    });
    expect(codes).toEqual(expected);
  });

  it("survives any one byte being another", () => {
    const flips = [0x01, 0x80, 0xff, 0x2a];
    const files = OFFSETS.flatMap((offset) =>
      flips.map((flip) => patched(offset, Uint8Array.of((FILE[offset] ?? 0) ^ flip))),
    );
    const { problems, refused } = outcomes(files);
    expect(problems).toEqual([]);
    // Counts, lengths, types and offsets make up a good part of the header.
    expect(refused).toBeGreaterThan(FILE.length);
  });

  it("survives counts and sizes that lie, at every offset", () => {
    const lies = [2n ** 64n - 1n, 2n ** 63n, 2n ** 53n, 2n ** 53n - 1n, 2n ** 40n, 2n ** 32n, 0xffff_ffffn, 2n ** 16n];
    const patches = lies.map((lie) => new Uint8Array(BigUint64Array.of(lie).buffer));
    const { problems, refused } = outcomes(OFFSETS.flatMap((offset) => patches.map((patch) => patched(offset, patch))));
    expect(problems).toEqual([]);
    expect(refused).toBeGreaterThan(FILE.length);
  });

  it("survives any patches", () => {
    const patch = fc.record({ offset: fc.nat(FILE.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) });
    fc.assert(
      fc.property(fc.array(patch, { minLength: 1, maxLength: 4 }), (patches) => {
        const bytes = FILE.slice();
        for (const { offset, bytes: piece } of patches) bytes.set(piece.subarray(0, bytes.length - offset), offset);
        expect(outcome(bytes).problem).toBeNull();
      }),
      { numRuns: 3000 },
    );
  });

  it("survives a right beginning with anything after it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(outcome(Uint8Array.from([...FILE.subarray(0, 8), ...bytes])).problem).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it("is refused where its objects would take many times its size", () => {
    // 7 MB of empty nested arrays: a consistent file.
    const count = 600_000;
    const bytes = new Uint8Array(24 + 9 + 4 + 4 + 8 + count * 12);
    bytes.set(FILE.subarray(0, 8));
    const view = new DataView(bytes.buffer);
    view.setBigUint64(16, 1n, true);
    view.setBigUint64(24, 1n, true);
    view.setUint32(33, 9, true);
    view.setUint32(37, 9, true);
    view.setBigUint64(41, BigInt(count), true);
    expect(outcome(bytes)).toMatchObject({ error: { code: "gguf_limit" }, problem: null });
  });
});
