/** Files with some bytes changed, for the fuzz tests of their readers. */

/** A copy of `file` with `patch` from `offset` on, as much of it as there is room for. */
export function patchedBytes(file: Uint8Array, offset: number, patch: Uint8Array): Uint8Array {
  const bytes = file.slice();
  bytes.set(patch.subarray(0, bytes.length - offset), offset);
  return bytes;
}
