/** What safetensors files give to the rest. Interfaces only. */

import type { SafetensorsDtype } from "./dtypes.ts";

export interface SafetensorsTensor {
  readonly name: string;
  /** The file that holds it; for messages. */
  readonly path: string;
  readonly dtype: SafetensorsDtype;
  /** The outer dimension first; elements of the last one lie together. */
  readonly shape: readonly number[];
  readonly elements: number;
  /** Where its data begins in the file. */
  readonly offset: number;
  readonly byteLength: number;
  /** Its data; shared with the source where that maps or holds the file, so not to be written to. */
  view(): Uint8Array;
}

/** One file, or all shards of a model. */
export interface SafetensorsModel {
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  /** `__metadata__` of all files; what a later one says goes before an earlier one's. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Bytes of all files. */
  readonly fileBytes: number;
  /** As `ByteSource.isCurrent`, of all files. */
  isCurrent(): boolean;
  /** Closes the files. */
  dispose(): void;
}
