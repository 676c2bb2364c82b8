/** What a GGUF file, or all parts of a split one, gives to the rest. Interfaces only. */

import type { ByteSource } from "../byte-source.ts";
import type { GgmlType } from "./ggml-types.ts";
import type { GgufMetadata } from "./metadata.ts";

export interface GgufTensor {
  readonly name: string;
  /** The file that holds it; for messages. */
  readonly path: string;
  readonly type: GgmlType;
  /** GGUF's number for `type`. */
  readonly typeId: number;
  /** Sizes in the file's order, the contiguous dimension first: [columns, rows, ...]. */
  readonly shape: readonly number[];
  /** shape[0]: the elements that lie together. */
  readonly columns: number;
  /** The product of the other dimensions; 1 for a vector. */
  readonly rows: number;
  readonly elements: number;
  /** Where its data begins in the file. */
  readonly offset: number;
  readonly byteLength: number;
  /** Its data; shared with the source where that maps or holds the file, so not to be written to. */
  view(): Uint8Array;
}

export interface GgufModel {
  /** The file as opened; of a split model, the first part. */
  readonly path: string;
  readonly version: number;
  /** Of a split model, the first part's, which describes the whole. */
  readonly metadata: GgufMetadata;
  /** In the order of the file or files. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
  /** One for each part. */
  readonly sources: readonly ByteSource[];
  /** Elements of all tensors. */
  readonly parameters: number;
  /** Bytes of all tensors. */
  readonly tensorBytes: number;
  /** Bytes of all parts. */
  readonly fileBytes: number;
  /** Closes the sources. Metadata stays usable; tensor views do not. */
  dispose(): void;
}
