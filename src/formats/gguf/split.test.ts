import { describe, expect, it } from "vitest";

import { turnwiseError } from "../../base/errors.ts";
import type { OpenByteSource } from "../byte-source.ts";
import { memorySource } from "../file-source.ts";
import type { GgufModel } from "./model.ts";
import { readGguf } from "./read.ts";
import { type GgufValue, ggufValue } from "./value.ts";
import { type GgufTensorContents, ggufBytes } from "./write.ts";

function tensor(name: string, value: number): GgufTensorContents {
  return {
    name,
    type: "F32",
    shape: [1],
    data: new Uint8Array(Float32Array.of(value).buffer),
  };
}

function part(no: number, count: number, tensors: readonly GgufTensorContents[], total = 3): Uint8Array {
  const metadata: [string, GgufValue][] = [
    ["split.no", ggufValue.uint16(no)],
    ["split.count", ggufValue.uint16(count)],
    ["split.tensors.count", ggufValue.int32(total)],
  ];
  if (no === 0) metadata.push(["general.name", ggufValue.string("split")]);
  return ggufBytes({ metadata, tensors });
}
function readFiles(path: string, files: Readonly<Record<string, Uint8Array>>): GgufModel {
  const open: OpenByteSource = (name) => {
    const bytes = files[name];
    if (bytes === undefined) throw turnwiseError("file_unreadable", { path: name, reason: "there is no such file" });
    return memorySource(name, bytes);
  };
  return readGguf(path, open);
}

describe("readGguf with split files", () => {
  const one = "dir/m-00001-of-00002.gguf";
  const two = "dir/m-00002-of-00002.gguf";
  const good = { [one]: part(0, 2, [tensor("a", 1)]), [two]: part(1, 2, [tensor("b", 2), tensor("c", 3)]) };

  it.each([one, two])("reads the whole model from %s", (path) => {
    const model = readFiles(path, good);
    expect(model.path).toBe(one);
    expect([...model.tensors.keys()]).toEqual(["a", "b", "c"]);
    expect(model.tensors.get("c")).toMatchObject({ path: two });
    expect(model.tensors.get("c")?.view()).toEqual(new Uint8Array(Float32Array.of(3).buffer));
    expect(model.metadata.getString("general.name")).toBe("split");
    expect(model.sources.map((source) => source.path)).toEqual([one, two]);
    expect(model.parameters).toBe(3);
  });

  it("names a part that is missing, and why", () => {
    expect(() => readFiles(one, { [one]: good[one] })).toThrow(
      `${one} is part 1 of 2 of a split model; it needs ${two} too: there is no such file`,
    );
    expect(() => readFiles(two, { [two]: good[two] })).toThrow(
      `${two} is part 2 of 2 of a split model; it needs ${one} too: there is no such file`,
    );
  });

  it("reports a path that does not exist as such, whatever its name", () => {
    expect(() => readFiles(one, {})).toThrow(`Cannot read ${one}: there is no such file`);
    expect(() => readFiles(two, { [one]: good[one] })).toThrow(`Cannot read ${two}: there is no such file`);
  });

  it("refuses parts that do not belong together", () => {
    const swapped = { [one]: good[two], [two]: good[one] };
    expect(() => readFiles(one, swapped)).toThrow(
      `${one}: field split.no at offset 24: part 1 of 2 must say 0, it says 1`,
    );
    const other = { ...good, [two]: part(1, 3, [tensor("b", 2), tensor("c", 3)]) };
    expect(() => readFiles(one, other)).toThrow("split.count at offset 46: part 2 of 2 must say 2, it says 3");
    const plain = { ...good, [two]: ggufBytes({ metadata: [], tensors: [] }) };
    expect(() => readFiles(one, plain)).toThrow("split.no at offset 0: part 2 of 2 must say 1, it says nothing");
    const few = { ...good, [two]: part(1, 2, [tensor("b", 2)]) };
    expect(() => readFiles(one, few)).toThrow("split.tensors.count at offset 71: it says 3, the 2 parts have 2");
    const twice = { ...good, [two]: part(1, 2, [tensor("a", 2), tensor("c", 3)]) };
    expect(() => readFiles(one, twice)).toThrow('tensor "a" at offset 192: an earlier part has it too');
  });

  it("refuses a name that does not tell the other parts", () => {
    expect(() => readFiles("m.gguf", { "m.gguf": good[one] })).toThrow("must end like -00001-of-00002.gguf");
    const renamed = "dir/m-00001-of-00009.gguf";
    expect(() => readFiles(renamed, { [renamed]: good[one] })).toThrow("it says 2, the file's name says 9");
    const many = part(0, 60_000, []);
    expect(() => readFiles(one, { [one]: many })).toThrow("is 60000, above the limit 1024 (splitParts)");
  });

  it.each([one, two])("reads a single file whose name, %s, merely looks split", (path) => {
    const plain = ggufBytes({ metadata: [], tensors: [tensor("a", 1)] });
    expect(readFiles(path, { [path]: plain }).path).toBe(path);
  });

  it("closes every part when one is wrong", () => {
    const open: string[] = [];
    const opener: OpenByteSource = (path) => {
      open.push(path);
      const bytes = path === one ? good[one] : good[one].subarray(0, 30);
      return { ...memorySource(path, bytes ?? new Uint8Array(0)), dispose: () => open.splice(open.indexOf(path), 1) };
    };
    expect(() => readGguf(one, opener)).toThrow(/ends too early/);
    expect(open).toEqual([]);
  });
});
