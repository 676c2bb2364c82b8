/**
 * A ByteSource over a file mapped into memory: views copy nothing, and pages that nobody reads are never
 * loaded. A file that shrinks while it is mapped reads as zeros behind its new end and does not end the
 * process; packing such a file fails with that reason.
 */

import { fail } from "../base/errors.ts";
import type { ByteSource } from "../formats/byte-source.ts";
import type { MappingHandle } from "./addon-types.ts";
import { requireAddon } from "./load-addon.ts";
import { nativeCall } from "./native-call.ts";

/**
 * Maps a regular file. Throws `file_unreadable`, or `native_missing` without a native core. Views stay
 * valid after `dispose`, which releases the mapping when the last one is collected.
 */
export function openMappedSource(path: string): ByteSource {
  const { Mapping } = requireAddon();
  let mapping: MappingHandle;
  try {
    mapping = new Mapping(path);
  } catch (error) {
    return fail("file_unreadable", { path, reason: error instanceof Error ? error.message : String(error) });
  }
  const { size } = mapping;
  return {
    path,
    size,
    view(offset, length) {
      const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
      if (!whole || offset + length > size) {
        fail("file_unreadable", { path, reason: `bytes ${offset} to ${offset + length} are outside its ${size} bytes` });
      }
      return nativeCall(path, "view", () => mapping.view(offset, length));
    },
    isCurrent: () => nativeCall(path, "isCurrent", () => mapping.isCurrent()),
    dispose: () => mapping.dispose(),
  };
}
