import { describe, expect, it } from "vitest";
import { memorySource } from "../formats/file-source.ts";
import { ggufBytes, type GgufTensorContents } from "../formats/gguf/write.ts";
import { bindWeights, type BoundWeights } from "./bind-weights.ts";
import { decodeWeight } from "./decoded-weights.ts";
import { buildGraph } from "./families.ts";
import { openModel } from "./open-model.ts";
import { randomModel } from "./random/random-model.ts";

const CONTENTS = randomModel("tiny-biased", "f32", 1);

/** The weights of the random model after `change` to its tensors; its spec stays. */
function boundAfter(change: (tensors: readonly GgufTensorContents[]) => readonly GgufTensorContents[]): BoundWeights {
  const open = (tensors: readonly GgufTensorContents[]) => {
    const bytes = ggufBytes({ ...CONTENTS, tensors });
    return openModel("test.gguf", (path) => memorySource(path, bytes));
  };
  const graph = buildGraph(open(CONTENTS.tensors).spec());
  return bindWeights(graph, open(change(CONTENTS.tensors)));
}

function withShape(
  name: string,
  shape: readonly number[],
): (tensors: readonly GgufTensorContents[]) => GgufTensorContents[] {
  return (tensors) => tensors.map((tensor) => (tensor.name === name ? { ...tensor, shape } : tensor));
}

function asF64(tensor: GgufTensorContents): GgufTensorContents {
  return { ...tensor, type: "F64", data: new Uint8Array(512) };
}

describe("bindWeights", () => {
  it("takes the file of its own model", () => {
    const bound = boundAfter((tensors) => tensors);
    // All tensors but the RoPE divisors, which the spec has read.
    expect(bound.size).toBe(CONTENTS.tensors.length - 1);
    expect(bound.get("blk.1.attn_k.weight")?.shape).toEqual([64, 64]);
  });

  it("names a tensor that is missing, and its shape", () => {
    expect(() => boundAfter((tensors) => tensors.filter(({ name }) => name !== "blk.1.ffn_up.weight"))).toThrow(
      "Tensor blk.1.ffn_up.weight is missing; expected shape [64, 256].",
    );
  });

  it("names a tensor of another shape, and both shapes in the file's order", () => {
    expect(() => boundAfter(withShape("blk.0.ffn_down.weight", [64, 256]))).toThrow(
      "Tensor blk.0.ffn_down.weight has shape [64, 256]; expected [256, 64].",
    );
    expect(() => boundAfter(withShape("output_norm.weight", [32, 2]))).toThrow(/has shape \[32, 2\]; expected \[64\]/);
  });

  it("accepts shapes that end in ones", () => {
    expect(boundAfter(withShape("output_norm.weight", [64, 1])).size).toBe(CONTENTS.tensors.length - 1);
  });

  it("refuses a type that does not run", () => {
    expect(() =>
      boundAfter((tensors) => tensors.map((tensor) => (tensor.name === "output_norm.weight" ? asF64(tensor) : tensor))),
    ).toThrow(/tensor output_norm\.weight has type F64, which is not supported/);
  });

  it("refuses a file with tensors that the model would ignore", () => {
    const extra: GgufTensorContents = {
      name: "blk.0.attn_q_norm.weight",
      type: "F32",
      shape: [1],
      data: new Uint8Array(4),
    };
    expect(() => boundAfter((tensors) => [...tensors, extra])).toThrow(/needs the tensor blk\.0\.attn_q_norm\.weight/);
  });
});

describe("decodeWeight", () => {
  it("brings the file's neighbouring pairs half a head apart", () => {
    const bound = boundAfter((tensors) => tensors);
    const ref = { kind: "vector", tensor: "blk.0.attn_q.bias", rows: 1, columns: 128, columnOrder: "own" } as const;
    const inFile = decodeWeight({ ...ref, rowOrder: { kind: "source" } }, bound);
    const turned = decodeWeight({ ...ref, rowOrder: { kind: "rope-halves", headDim: 32 } }, bound);
    // Head 1 begins at 32; its pair 3 is (6, 7) in the file, and (3, 3 + 16) after.
    expect([turned[35], turned[51]]).toEqual([inFile[38], inFile[39]]);
    expect(turned.toSorted()).toEqual(inFile.toSorted());
  });

  it("moves whole rows of a matrix", () => {
    const bound = boundAfter((tensors) => tensors);
    const ref = { kind: "matrix", tensor: "blk.0.attn_k.weight", rows: 64, columns: 64, columnOrder: "own" } as const;
    const inFile = decodeWeight({ ...ref, rowOrder: { kind: "source" } }, bound);
    const turned = decodeWeight({ ...ref, rowOrder: { kind: "rope-halves", headDim: 32 } }, bound);
    expect(turned.subarray(17 * 64, 18 * 64)).toEqual(inFile.subarray(3 * 64, 4 * 64));
  });
});
