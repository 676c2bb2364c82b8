/**
 * Damaged safetensors files: each ends in a typed error that names field and offset, or still parses;
 * never in another exception, and never in an allocation larger than the file warrants.
 */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TurnwiseError } from "../../base/errors.ts";
import { memorySource } from "../file-source.ts";
import { readSafetensors } from "./read.ts";
import { safetensorsBytes } from "./write.ts";
import { patchedBytes } from "../../../test/support/damaged-bytes.ts";

const FILE = safetensorsBytes(
  [
    { name: "model.a", dtype: "F32", shape: [2, 3], data: new Uint8Array(24) },
    { name: "b", dtype: "BF16", shape: [], data: new Uint8Array(2) },
    { name: "c", dtype: "I32", shape: [0, 7], data: new Uint8Array(0) },
    { name: "d", dtype: "U8", shape: [5], data: new Uint8Array(5) },
  ],
  { format: "pt" },
);
const ALLOWED_BYTES = 2 * 2 ** 20;
const OFFSETS = Array.from(FILE.keys());

interface Outcome {
  readonly code: string;
  /** What breaks the promises above; null where nothing does. */
  readonly problem: string | null;
}

function outcome(bytes: Uint8Array): Outcome {
  const before = process.memoryUsage();
  const result = parse(bytes);
  const after = process.memoryUsage();
  const grown = Math.max(after.arrayBuffers - before.arrayBuffers, after.heapUsed - before.heapUsed);
  return grown > ALLOWED_BYTES ? { ...result, problem: `it took ${grown} bytes` } : result;
}

function parse(bytes: Uint8Array): Outcome {
  try {
    const model = readSafetensors("m.safetensors", (path) => memorySource(path, bytes));
    const wrong = [...model.tensors.values()].find((tensor) => tensor.view().length !== tensor.byteLength);
    model.dispose();
    return { code: "parsed", problem: wrong === undefined ? null : `${wrong.name} has another size` };
  } catch (error) {
    if (!(error instanceof TurnwiseError)) throw error;
    return { code: error.code, problem: incomplete(error) };
  }
}

function incomplete({ code, params, message }: TurnwiseError): string | null {
  if (!/^safetensors_(?:truncated|invalid|limit)$/.test(code)) return `code ${code}`;
  if (/\{(?:path|field|offset|problem|needed|available|value|limit|limitName)\}/.test(message)) return message;
  const placed = code === "safetensors_limit" || Number.isSafeInteger(params["offset"]);
  return params["field"] !== "" && placed ? null : message;
}

const patched = (offset: number, patch: Uint8Array): Uint8Array => patchedBytes(FILE, offset, patch);

const problemsOf = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes.flatMap(({ problem }) => (problem === null ? [] : [problem]));

describe("a damaged safetensors file", () => {
  it("is whole before it is damaged", () => {
    expect(outcome(FILE)).toEqual({ code: "parsed", problem: null });
  });

  it("is refused when cut anywhere", () => {
    const outcomes = OFFSETS.map((length) => outcome(FILE.slice(0, length)));
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(["safetensors_truncated"]));
    expect(problemsOf(outcomes)).toEqual([]);
  });

  it("survives any one byte being another", () => {
    const flips = [0x01, 0x02, 0x10, 0x80, 0xff];
    const outcomes = OFFSETS.flatMap((offset) =>
      flips.map((flip) => outcome(patched(offset, Uint8Array.of((FILE[offset] ?? 0) ^ flip)))),
    );
    expect(problemsOf(outcomes)).toEqual([]);
    expect(outcomes.filter(({ code }) => code !== "parsed").length).toBeGreaterThan(FILE.length);
  });

  it("survives lengths and numbers that lie, at every offset", () => {
    const lengths = [2n ** 64n - 1n, 2n ** 53n, 2n ** 40n, 2n ** 32n, 0xffff_ffffn, 2n ** 16n];
    const patches = [
      ...lengths.map((lie) => new Uint8Array(BigUint64Array.of(lie).buffer)),
      ...["9007199254740993", "-1", "1e9", "[]", "{}", '"', "null"].map((text) => new TextEncoder().encode(text)),
    ];
    const outcomes = OFFSETS.flatMap((offset) => patches.map((patch) => outcome(patched(offset, patch))));
    expect(problemsOf(outcomes)).toEqual([]);
  });

  it("survives any header", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json({ maxDepth: 4 }), fc.string()), (text) => {
        const json = new TextEncoder().encode(text);
        const bytes = new Uint8Array(8 + json.length + 16);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
        bytes.set(json, 8);
        expect(outcome(bytes).problem).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it("survives JSON that is nested deep", () => {
    const json = new TextEncoder().encode(`{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
    const bytes = new Uint8Array(8 + json.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    expect(parse(bytes)).toEqual({ code: "safetensors_invalid", problem: null });
  });
});
