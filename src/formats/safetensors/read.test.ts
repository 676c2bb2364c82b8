import { describe, expect, it } from "vitest";
import { fail } from "../../base/errors.ts";
import type { ByteSource } from "../byte-source.ts";
import { memorySource } from "../file-source.ts";
import { SAFETENSORS_LIMITS, type SafetensorsLimits } from "./limits.ts";
import { readSafetensors } from "./read.ts";
import { safetensorsBytes, type SafetensorsContents } from "./write.ts";

const A: SafetensorsContents = { name: "a", dtype: "F32", shape: [2], data: Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64) };
const B: SafetensorsContents = { name: "b", dtype: "U8", shape: [1, 3], data: Uint8Array.of(7, 8, 9) };

function opener(files: Readonly<Record<string, Uint8Array>>): (path: string) => ByteSource {
  return (path) => {
    const bytes = files[path] ?? fail("file_unreadable", { path, reason: "there is no such file or folder" });
    return memorySource(path, bytes);
  };
}

const indexOf = (map: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify({ weight_map: map }));
const INDEX = "m/model.safetensors.index.json";

/** A file with this header and 16 bytes of data. */
function withHeader(header: unknown): Uint8Array {
  return withHeaderText(JSON.stringify(header));
}

function withHeaderText(header: string): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + 16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

describe("readSafetensors", () => {
  it("gives tensors, their bytes and the metadata", () => {
    const model = readSafetensors("a.safetensors", opener({ "a.safetensors": safetensorsBytes([A, B], { k: "v" }) }));
    expect([...model.metadata]).toEqual([["k", "v"]]);
    expect(model.tensors.get("b")).toMatchObject({ dtype: "U8", shape: [1, 3], elements: 3, byteLength: 3 });
    expect([...(model.tensors.get("b")?.view() ?? [])]).toEqual([7, 8, 9]);
  });

  it("reads what others write, with the header as the specification's example has it", () => {
    const header = { TEST: { dtype: "F16", shape: [1, 8], data_offsets: [0, 16] } };
    const model = readSafetensors("t.safetensors", opener({ "t.safetensors": withHeader(header) }));
    expect(model.tensors.get("TEST")).toMatchObject({ dtype: "F16", elements: 8 });
  });

  it("joins the shards of an index", () => {
    const files = {
      [INDEX]: indexOf({ a: "1.safetensors", b: "2.safetensors" }),
      "m/1.safetensors": safetensorsBytes([A]),
      "m/2.safetensors": safetensorsBytes([B]),
    };
    expect([...readSafetensors(INDEX, opener(files)).tensors.keys()]).toEqual(["a", "b"]);
  });

  it.each<[string, Readonly<Record<string, Uint8Array>>, string, RegExp]>([
    [
      "a missing shard",
      { [INDEX]: indexOf({ a: "1.safetensors" }) },
      "safetensors_shard_missing",
      /1\.safetensors.*tensor a/s,
    ],
    [
      "a tensor that is not where the index says",
      { [INDEX]: indexOf({ b: "1.safetensors" }), "m/1.safetensors": safetensorsBytes([A]) },
      "safetensors_invalid",
      /1\.safetensors has no tensor b/,
    ],
    [
      "a tensor in two shards",
      {
        [INDEX]: indexOf({ a: "1.safetensors", b: "2.safetensors" }),
        "m/1.safetensors": safetensorsBytes([A]),
        "m/2.safetensors": safetensorsBytes([A, B]),
      },
      "safetensors_invalid",
      /tensor a .*1\.safetensors has it too/,
    ],
    ["a shard elsewhere", { [INDEX]: indexOf({ a: "../1.safetensors" }) }, "safetensors_invalid", /beside the index/],
    ["an index that is no JSON", { [INDEX]: Uint8Array.of(1) }, "safetensors_invalid", /not JSON/],
  ])("refuses %s", (_, files, code, message) => {
    expect(() => readSafetensors(INDEX, opener(files))).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }) as Error,
    );
  });

  it.each<[string, unknown, RegExp]>([
    ["an unknown dtype", { a: { dtype: "Q4", shape: [1], data_offsets: [0, 1] } }, /dtype "Q4" is not known.*BF16/],
    ["a size that is not the shape's", { a: { dtype: "F32", shape: [3], data_offsets: [0, 8] } }, /8 bytes, .* 12/],
    ["a shape that overflows", { a: { dtype: "F32", shape: [2 ** 40, 2 ** 40], data_offsets: [0, 8] } }, /no size of/],
    ["a negative size", { a: { dtype: "F32", shape: [-1], data_offsets: [0, 8] } }, /shape \[-1\] is no list/],
    ["an end before the beginning", { a: { dtype: "U8", shape: [1], data_offsets: [2, 1] } }, /not a beginning/],
    [
      "tensors over one another",
      {
        a: { dtype: "U8", shape: [4], data_offsets: [0, 4] },
        b: { dtype: "U8", shape: [4], data_offsets: [3, 7] },
      },
      /tensor "b" .*over another/,
    ],
    ["a hole", { a: { dtype: "U8", shape: [4], data_offsets: [4, 8] } }, /"a" .*the 4 bytes before its data are no/],
    ["bytes of no tensor", { a: { dtype: "U8", shape: [4], data_offsets: [0, 4] } }, /the 12 bytes at its end are no/],
    ["metadata that is no text", { __metadata__: { a: 1 } }, /"a" is no text/],
  ])("refuses %s", (_, header, message) => {
    expect(() => readSafetensors("t.safetensors", opener({ "t.safetensors": withHeader(header) }))).toThrow(message);
  });

  it("refuses a name that is twice in a header, as the format does", () => {
    const [first, second] = [0, 8].map(
      (begin) => `"a":{"dtype":"U8","shape":[8],"data_offsets":[${begin},${begin + 8}]}`,
    );
    const file = withHeaderText(`{${first},${second}}`);
    expect(() => readSafetensors("t.safetensors", opener({ "t.safetensors": file }))).toThrow(
      /"a" at offset \d+: the 8 bytes before its data are no tensor's; a name that is twice/,
    );
  });

  it("refuses a dtype that nests deeper than JSON is written", () => {
    const file = withHeaderText(`{"a":{"dtype":${"[".repeat(99_999)}${"]".repeat(99_999)}}}`);
    expect(() => readSafetensors("t.safetensors", opener({ "t.safetensors": file }))).toThrow(
      /dtype \[\[\.\.\.\]\] is/,
    );
  });

  it.each<[Partial<SafetensorsLimits>, RegExp]>([
    // The header's JSON is padded with spaces to a multiple of 8 with the length's 8 bytes, as safetensors' writers do.
    [{ headerBytes: 119 }, /1\.safetensors: header length is 120, above the limit 119 \(headerBytes\)/],
    [{ tensors: 1 }, /1\.safetensors: header is 2, above the limit 1 \(tensors\)/],
    // Two letters of three bytes each and one of one.
    [{ tensorNameBytes: 6 }, /1\.safetensors: tensor name is 7, above the limit 6 \(tensorNameBytes\)/],
    [{ dimensions: 1 }, /1\.safetensors: tensor "b" is 2, above the limit 1 \(dimensions\)/],
    [{ indexBytes: 81 }, /index\.json: file is 82, above the limit 81 \(indexBytes\)/],
    [{ shards: 1 }, /index\.json: weight_map is 2, above the limit 1 \(shards\)/],
  ])("refuses what is above a limit, by the limit's name: %j", (limit, message) => {
    const files = {
      [INDEX]: indexOf({ 語語a: "1.safetensors", b: "1.safetensors", c: "2.safetensors" }),
      "m/1.safetensors": safetensorsBytes([{ ...A, name: "語語a" }, B]),
      "m/2.safetensors": safetensorsBytes([{ ...B, name: "c" }]),
    };
    const read = (change: Partial<SafetensorsLimits>) =>
      readSafetensors(INDEX, opener(files), { ...SAFETENSORS_LIMITS, ...change });
    const above = Object.fromEntries(Object.entries(limit).map(([name, value]) => [name, value + 1]));
    expect(() => read(limit)).toThrow(message);
    expect([...read(above).tensors.keys()]).toEqual(["語語a", "b", "c"]);
  });

  it("closes what it opened when it fails", () => {
    const closed: string[] = [];
    const files = {
      [INDEX]: indexOf({ a: "1.safetensors", b: "2.safetensors" }),
      "m/1.safetensors": safetensorsBytes([A]),
    };
    const open = opener(files);
    const tracking = (path: string): ByteSource => ({ ...open(path), dispose: () => closed.push(path) });
    expect(() => readSafetensors(INDEX, tracking)).toThrow(/2\.safetensors/);
    expect(closed).toEqual([INDEX, "m/1.safetensors"]);
  });
});
