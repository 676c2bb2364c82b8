import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PACKAGE_ROOT } from "../../base/package-root.ts";
import { GGML_TYPES, type GgmlType } from "../gguf/ggml-types.ts";
import { DECODABLE_TYPES, DECODABLE_TYPES_HINT, isDecodable, requireDecodableType } from "./decodable-types.ts";

const names = Object.keys(GGML_TYPES) as GgmlType[];

describe("what can be decoded", () => {
  it("is named by the hint", () => {
    for (const name of DECODABLE_TYPES) expect(DECODABLE_TYPES_HINT).toContain(name);
    expect(DECODABLE_TYPES_HINT).toMatch(/^Use a file of F32, F16, .*Q4_K, .* or IQ4_XS\.$/);
  });

  it("is what the page for users says, as is what cannot", () => {
    const page = readFileSync(join(PACKAGE_ROOT, "docs", "checkpoints.md"), "utf8");
    const [, table = ""] = /## GGUF files\n([^]*?)\n## /.exec(page) ?? [];
    const named = (verdict: string): readonly string[] =>
      [...table.matchAll(/^\| ([^|]+) \| (\w+)/gm)]
        .filter(([, , said]) => said === verdict)
        .flatMap(([, types = ""]) => types.replace(/\(.*\)/, "").match(/[A-Z]+\d[\w]*/g) ?? []);
    expect(named("run").toSorted()).toEqual([...DECODABLE_TYPES].toSorted());
    // Q8_1 and Q8_K are of activations, plain integers and F64 of no weights; of the rows for one CPU not all are listed.
    const others = names.filter((name) => !isDecodable(name) && !/^(Q8_[1K]|[IF]\d+|IQ4_NL_.*)$/.test(name));
    expect(named("refused")).toEqual(expect.arrayContaining(others));
  });

  it("passes, and everything else is refused by name", () => {
    const tensor = { path: "m.gguf", name: "blk.0.attn_q.weight" };
    for (const type of DECODABLE_TYPES) expect(() => requireDecodableType({ ...tensor, type })).not.toThrow();
    for (const type of names.filter((name) => !isDecodable(name))) {
      expect(() => requireDecodableType({ ...tensor, type })).toThrow(
        `m.gguf: tensor blk.0.attn_q.weight has type ${type}, which is not supported. ${DECODABLE_TYPES_HINT}`,
      );
    }
  });
});
