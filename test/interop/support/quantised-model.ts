/**
 * A trained model stored in any type. Superblocks need rows of a multiple of 256 columns, which no model of
 * this size has, so it is widened first: zeros between the columns of the residual stream and of the
 * feed-forward part, which leave what it computes as it was.
 */

import { GGML_TYPES } from "../../../src/formats/gguf/ggml-types.ts";
import type { GgufModel, GgufTensor } from "../../../src/formats/gguf/model.ts";
import type { GgufValue } from "../../../src/formats/gguf/value.ts";
import type { GgufContents } from "../../../src/formats/gguf/write.ts";
import type { DecodableType } from "../../../src/formats/quant/decodable-types.ts";
import { decodeRows, encodeRows } from "../../../src/formats/quant/rows.ts";

/** One tensor's values after widening; `shape` has the contiguous dimension first. */
export interface WideTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface WideModel {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly WideTensor[];
}

/** `file` holds an F32 Llama model of whose widths 256 has multiples at most twice as large. */
export function widenedModel(file: GgufModel): WideModel {
  const { metadata, tensors } = file;
  const hidden = spread(metadata.getUint("llama.embedding_length"));
  const ffn = spread(metadata.getUint("llama.feed_forward_length"));
  const headDim = hidden.from / metadata.getUint("llama.attention.head_count");
  return {
    metadata: new Map([
      ...metadata.entries(),
      ["llama.embedding_length", uint(hidden.to)],
      ["llama.feed_forward_length", uint(ffn.to)],
      ["llama.attention.key_length", uint(headDim)],
      ["llama.attention.value_length", uint(headDim)],
    ]),
    tensors: [...tensors.values()].map((tensor) => widenedTensor(tensor, hidden, ffn)),
  };
}

function uint(value: number): GgufValue {
  return { kind: "number", type: "uint32", value };
}

/** The model with its matrices in `type`, or in `narrow` where a row is no whole number of blocks. */
export function quantisedModel(model: WideModel, type: DecodableType, narrow: DecodableType): GgufContents {
  const tensors = model.tensors.map(({ name, shape, values }) => {
    const [columns = 0, rows] = shape;
    const isWhole = columns % GGML_TYPES[type].blockElements === 0;
    const storedAs = rows === undefined ? "F32" : isWhole ? type : narrow;
    return { name, shape, type: storedAs, data: encodeRows(GGML_TYPES[storedAs].id, values) };
  });
  return { metadata: model.metadata, tensors };
}

/** The same model with every value decoded to F32. */
export function dequantisedModel({ metadata, tensors }: GgufContents): GgufContents {
  return {
    metadata,
    tensors: tensors.map((tensor) => {
      const { id } = GGML_TYPES[tensor.type];
      const elements = tensor.shape.reduce((product, size) => product * size, 1);
      const values = decodeRows(id, tensor.data as Uint8Array, elements);
      return { ...tensor, type: "F32", data: encodeRows(GGML_TYPES.F32.id, values) };
    }),
  };
}

/** Where `from` columns go among `to`. */
interface Spread {
  readonly from: number;
  readonly to: number;
  readonly at: (column: number) => number;
}

function spread(from: number): Spread {
  const to = Math.ceil(from / 256) * 256;
  return { from, to, at: (column) => Math.floor((column * to) / from) };
}

function unspread(size: number): Spread {
  return { from: size, to: size, at: (column) => column };
}

function widenedTensor(tensor: GgufTensor, hidden: Spread, ffn: Spread): WideTensor {
  const { name } = tensor;
  const [columns = 0, rows = 1] = tensor.shape;
  const isVector = tensor.shape.length === 1;
  const across = isVector || /(?:token_embd|output|attn_[qkv]|ffn_gate|ffn_up)\.weight$/.test(name) ? hidden : null;
  const input = name.endsWith("attn_output.weight") ? null : name.endsWith("ffn_down.weight") ? ffn : across;
  const down = /(?:attn_output|ffn_down)\.weight$/.test(name)
    ? hidden
    : /ffn_(?:gate|up)\.weight$/.test(name)
      ? ffn
      : null;
  const from = decodeRows(tensor.typeId, tensor.view(), tensor.elements);
  const column = input ?? unspread(columns);
  const row = down ?? unspread(rows);
  // The mean square over more columns is smaller by their ratio, which the norm's weights make up for.
  const factor = isVector ? Math.sqrt(column.from / column.to) : 1;
  const values = new Float32Array(column.to * row.to);
  for (let index = 0; index < from.length; index += 1) {
    const target = row.at(Math.floor(index / columns)) * column.to + column.at(index % columns);
    values[target] = factor * (from[index] ?? 0);
  }
  return { name, shape: isVector ? [column.to] : [column.to, row.to], values };
}
