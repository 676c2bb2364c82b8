/**
 * Damaged files model.safetensors.index.json: each ends in a typed error that names the file and the field, or still
 * parses; never in another exception, and never with a file opened that does not lie beside the index.
 */

import * as fc from "fast-check";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { fail, TurnwiseError } from "../../base/errors.ts";
import type { ByteSource } from "../byte-source.ts";
import { memorySource } from "../file-source.ts";
import { readSafetensors } from "./read.ts";
import { safetensorsBytes } from "./write.ts";
import { patchedBytes } from "../../../test/support/damaged-bytes.ts";

const PATH = "m/model.safetensors.index.json";
const SHARDS: Readonly<Record<string, Uint8Array>> = {
  "m/1.safetensors": safetensorsBytes([{ name: "a", dtype: "F32", shape: [2], data: new Uint8Array(8) }]),
  "m/2.safetensors": safetensorsBytes([{ name: "b.weight", dtype: "U8", shape: [3], data: new Uint8Array(3) }]),
};
const TEXT = JSON.stringify({
  metadata: { total_size: 11 },
  weight_map: { a: "1.safetensors", "b.weight": "2.safetensors" },
});
const FILE = new TextEncoder().encode(TEXT);
const OFFSETS = Array.from(FILE.keys());
const ALLOWED_BYTES = 2 * 2 ** 20;

interface Outcome {
  readonly code: string;
  /** What breaks the promises above; null where nothing does. */
  readonly problem: string | null;
}

function outcome(index: Uint8Array): Outcome {
  const before = process.memoryUsage();
  const result = parse(index);
  const after = process.memoryUsage();
  const grown = Math.max(after.arrayBuffers - before.arrayBuffers, after.heapUsed - before.heapUsed);
  return grown > ALLOWED_BYTES ? { ...result, problem: `it took ${grown} bytes` } : result;
}

function parse(index: Uint8Array): Outcome {
  const elsewhere: string[] = [];
  let open = 0;
  const opener = (path: string): ByteSource => {
    if (dirname(path) !== "m") elsewhere.push(path);
    const bytes =
      path === PATH ? index : (SHARDS[path] ?? fail("file_unreadable", { path, reason: "it is not there" }));
    open += 1;
    return { ...memorySource(path, bytes), dispose: () => (open -= 1) };
  };
  const problemOf = (problem: string | null): string | null =>
    elsewhere.length > 0 ? `it opened ${elsewhere.join(", ")}` : open === 0 ? problem : `${open} files stay open`;
  try {
    const model = readSafetensors(PATH, opener);
    const names = [...model.tensors.keys()].join(" ");
    model.dispose();
    return {
      code: "parsed",
      problem: problemOf(/^(?:a|b\.weight|a b\.weight|b\.weight a|)$/.test(names) ? null : names),
    };
  } catch (error) {
    if (!(error instanceof TurnwiseError)) throw error;
    return { code: error.code, problem: problemOf(incomplete(error)) };
  }
}

function incomplete({ code, params, message }: TurnwiseError): string | null {
  if (!/^safetensors_(?:invalid|limit|shard_missing)$/.test(code)) return `code ${code}`;
  if (/\{(?:path|field|offset|problem|shard|tensor|reason|value|limit|limitName)\}/.test(message)) return message;
  const isPlaced = code === "safetensors_shard_missing" ? params["shard"] !== "" : params["field"] === "weight_map";
  return isPlaced && message.startsWith(PATH) ? null : message;
}

const patched = (offset: number, patch: Uint8Array): Uint8Array => patchedBytes(FILE, offset, patch);

const problemsOf = (outcomes: readonly Outcome[]): readonly string[] =>
  outcomes.flatMap(({ problem }) => (problem === null ? [] : [problem]));

describe("a damaged index", () => {
  it("is whole before it is damaged", () => {
    expect(outcome(FILE)).toEqual({ code: "parsed", problem: null });
  });

  it("is refused when cut anywhere", () => {
    const outcomes = OFFSETS.map((length) => outcome(FILE.slice(0, length)));
    expect(new Set(outcomes.map(({ code }) => code))).toEqual(new Set(["safetensors_invalid"]));
    expect(problemsOf(outcomes)).toEqual([]);
  });

  it("survives any one byte being another", () => {
    const flips = [0x01, 0x02, 0x10, 0x80, 0xff];
    const outcomes = OFFSETS.flatMap((offset) =>
      flips.map((flip) => outcome(patched(offset, Uint8Array.of((FILE[offset] ?? 0) ^ flip)))),
    );
    expect(problemsOf(outcomes)).toEqual([]);
    // All but what stands in `metadata` matters.
    expect(outcomes.filter(({ code }) => code !== "parsed").length).toBeGreaterThan(FILE.length);
  });

  it("survives texts that lead elsewhere, at every offset", () => {
    const texts = ["../x.safetensors", "/x.safetensors", "..\\x", "__proto__", "[]", "{}", '"', "null", "\0", '":1,"'];
    const patches = texts.map((text) => new TextEncoder().encode(text));
    const outcomes = OFFSETS.flatMap((offset) => patches.map((patch) => outcome(patched(offset, patch))));
    expect(problemsOf(outcomes)).toEqual([]);
  });

  it("survives any JSON, and any map", () => {
    const file = fc.oneof(fc.constantFrom("1.safetensors", "2.safetensors", "__proto__.safetensors"), fc.string());
    const map = fc.dictionary(fc.oneof(fc.constantFrom("a", "b.weight", "constructor"), fc.string()), file);
    const text = fc.oneof(
      fc.json({ maxDepth: 4 }),
      fc.string(),
      fc.oneof(map, fc.jsonValue({ maxDepth: 2 })).map((weights) => JSON.stringify({ weight_map: weights })),
    );
    fc.assert(
      fc.property(text, (json) => {
        expect(outcome(new TextEncoder().encode(json)).problem).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it("survives JSON that is nested deep", () => {
    const json = `{"weight_map":{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}}`;
    expect(parse(new TextEncoder().encode(json))).toEqual({ code: "safetensors_invalid", problem: null });
  });
});
