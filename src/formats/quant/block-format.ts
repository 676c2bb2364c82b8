/** What each file of this folder gives: how values of one tensor type are stored. */

export interface BlockFormat {
  /**
   * Decodes whole blocks: `bytes` holds exactly those of `out.length` elements. Bit-exact: every value
   * is the f32 that the format defines.
   */
  decode(bytes: Uint8Array, out: Float32Array): void;
  /** Encodes `values`, whole blocks, into `out`, which has exactly their size. */
  encode(values: Float32Array, out: Uint8Array): void;
}
