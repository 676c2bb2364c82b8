/** What each file of this folder gives: how values of one tensor type are stored. */

import type { GgmlTypeInfo } from "../gguf/ggml-types.ts";

export interface BlockFormat {
  /**
   * Decodes whole blocks: `bytes` holds exactly those of `out.length` elements. Bit-exact: every value
   * is the f32 that the format defines.
   */
  decode(bytes: Uint8Array, out: Float32Array): void;
  /** Encodes `values`, whole blocks, into `out`, which has exactly their size. */
  encode(values: Float32Array, out: Uint8Array): void;
}

/** One block of a format: its values begin at `start`, its bytes at `at`. */
export interface BlockCodec {
  decode(bytes: Uint8Array, at: number, out: Float32Array, start: number): void;
  encode(values: Float32Array, start: number, out: Uint8Array, at: number): void;
}

/** A format whose blocks, of the size in ggml's table, stand alone. */
export function blockwise({ blockElements, blockBytes }: GgmlTypeInfo, codec: BlockCodec): BlockFormat {
  return {
    decode(bytes, out) {
      for (let start = 0, at = 0; start < out.length; start += blockElements, at += blockBytes) {
        codec.decode(bytes, at, out, start);
      }
    },
    encode(values, out) {
      for (let start = 0, at = 0; start < values.length; start += blockElements, at += blockBytes) {
        codec.encode(values, start, out, at);
      }
    },
  };
}
