/**
 * Where the interop tests find real files of other projects: a folder `shared` beside the checkout.
 * They are not part of this repository; without them these tests are skipped, and say so.
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../../shared", import.meta.url));

/** For `describe.skipIf`. */
export const sharedAbsent = !existsSync(folder);
if (sharedAbsent) console.warn(`Interop tests are skipped: there is no folder ${folder}.`);

/** The path of `name` in the shared folder. */
export function sharedPath(name: string): string {
  return `${folder}/${name}`;
}
