/**
 * Reads the tensor section of a GGUF header and checks every tensor against the file: known type,
 * whole blocks, aligned data, inside the file, none over another. Source: the GGUF specification,
 * "gguf_tensor_info_t".
 */

import { checkedProduct } from "../../base/bytes.ts";
import { fail } from "../../base/errors.ts";
import type { ByteSource } from "../byte-source.ts";
import { GGML_TYPES, type GgmlType, ggmlBytes, ggmlTypeName } from "./ggml-types.ts";
import { DECODABLE_TYPES_HINT } from "../quant/decodable-types.ts";
import { decodeText, type HeaderCursor } from "./header-cursor.ts";
import { MAX_DIMENSIONS } from "./limits.ts";
import type { GgufTensor } from "./model.ts";
import { printable } from "./read-metadata.ts";

/** An empty name, no dimensions, type and offset. */
export const TENSOR_MINIMUM_BYTES = 8 + 4 + 4 + 8;

/** A tensor's description, its data not yet placed in the file. */
export interface TensorInfo {
  readonly name: string;
  /** Where the description begins; for messages. */
  readonly headerOffset: number;
  readonly type: GgmlType;
  readonly shape: readonly number[];
  readonly elements: number;
  readonly byteLength: number;
  /** From the beginning of the data section. */
  readonly relativeOffset: number;
}

/** Reads `count` descriptions. Names are unique. */
export function readTensorInfos(cursor: HeaderCursor, count: number): readonly TensorInfo[] {
  const names = new Set<string>();
  const infos: TensorInfo[] = [];
  for (let index = 0; index < count; index += 1) {
    const headerOffset = cursor.offset;
    const name = decodeText(cursor.stringBytes(`tensors[${index}].name`, "tensorNameBytes"));
    const field = tensorField(name);
    if (names.has(name)) cursor.invalid(field, "the tensor appears twice", headerOffset);
    names.add(name);
    infos.push(readTensorInfo(cursor, name, field, headerOffset));
  }
  return infos;
}

function readTensorInfo(cursor: HeaderCursor, name: string, field: string, headerOffset: number): TensorInfo {
  const shape = readShape(cursor, field);
  const elements = checkedProduct(...shape);
  if (elements === null) return cursor.invalid(field, `its shape [${shape.join(", ")}] is too large`, headerOffset);
  const typeOffset = cursor.offset;
  const typeId = cursor.uint32(`${field} (type)`);
  const type = ggmlTypeName(typeId);
  if (type === undefined) {
    const problem = `tensor type ${typeId} is not known; the file may be newer than this reader. ${DECODABLE_TYPES_HINT}`;
    return cursor.invalid(`${field} (type)`, problem, typeOffset);
  }
  const { blockElements } = GGML_TYPES[type];
  const columns = shape[0] ?? 1;
  if (columns % blockElements !== 0) {
    cursor.invalid(field, `${columns} columns are no whole number of ${type} blocks of ${blockElements}`, headerOffset);
  }
  const byteLength = ggmlBytes(type, elements);
  if (byteLength === null) return cursor.invalid(field, `its shape [${shape.join(", ")}] is too large`, headerOffset);
  const relativeOffset = cursor.size(`${field} (offset)`);
  return { name, headerOffset, type, shape, elements, byteLength, relativeOffset };
}

function readShape(cursor: HeaderCursor, field: string): readonly number[] {
  const start = cursor.offset;
  const dimensions = cursor.uint32(`${field} (dimensions)`);
  if (dimensions > MAX_DIMENSIONS) {
    cursor.invalid(`${field} (dimensions)`, `${dimensions} dimensions; ggml has at most ${MAX_DIMENSIONS}`, start);
  }
  const shape: number[] = [];
  for (let index = 0; index < dimensions; index += 1) {
    const offset = cursor.offset;
    const size = cursor.size(`${field} (dimension ${index})`);
    if (size === 0) cursor.invalid(`${field} (dimension ${index})`, "a dimension is 0", offset);
    shape.push(size);
  }
  return shape;
}

/** Places the tensors of `infos` in `source`, whose data section begins at `dataOffset`. */
export function placeTensors(
  source: ByteSource,
  infos: readonly TensorInfo[],
  dataOffset: number,
  alignment: number,
): readonly GgufTensor[] {
  for (const info of infos) checkPlace(source, info, dataOffset, alignment);
  checkOverlap(source.path, infos);
  return infos.map(({ name, type, shape, elements, byteLength, relativeOffset }) => {
    const offset = dataOffset + relativeOffset;
    const columns = shape[0] ?? 1;
    return {
      name,
      path: source.path,
      type,
      typeId: GGML_TYPES[type].id,
      shape,
      columns,
      rows: elements / columns,
      elements,
      offset,
      byteLength,
      view: () => source.view(offset, byteLength),
    };
  });
}

function checkPlace(source: ByteSource, info: TensorInfo, dataOffset: number, alignment: number): void {
  const { path, size } = source;
  const field = tensorField(info.name);
  if (info.relativeOffset % alignment !== 0) {
    const problem = `its data offset ${info.relativeOffset} is no multiple of the alignment ${alignment}`;
    fail("gguf_invalid", { path, field, offset: info.headerOffset, problem });
  }
  const offset = dataOffset + info.relativeOffset;
  if (offset + info.byteLength > size) {
    fail("gguf_truncated", {
      path,
      field: `${field} data`,
      offset,
      needed: info.byteLength,
      available: Math.max(0, size - offset),
    });
  }
}

/** Overlapping tensors would let a small file describe a model of any size. */
function checkOverlap(path: string, infos: readonly TensorInfo[]): void {
  const byOffset = infos.toSorted((a, b) => a.relativeOffset - b.relativeOffset);
  let end = 0;
  for (const { name, headerOffset, relativeOffset, byteLength } of byOffset) {
    if (relativeOffset < end) {
      const problem = `its data at ${relativeOffset} lies over another tensor's, which ends at ${end}`;
      fail("gguf_invalid", { path, field: tensorField(name), offset: headerOffset, problem });
    }
    end = relativeOffset + byteLength;
  }
}

function tensorField(name: string): string {
  return `tensor "${printable(name)}"`;
}
