/** F32: IEEE 754 binary32, little-endian, as every host that Turnwise runs on. */

import type { BlockFormat } from "./block-format.ts";

export const f32: BlockFormat = {
  decode(bytes, out) {
    new Uint8Array(out.buffer, out.byteOffset, out.byteLength).set(bytes);
  },
  encode(values, out) {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  },
};
