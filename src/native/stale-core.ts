/**
 * Whether a checkout's native core was built before its sources changed, as after a pull without a build: the two
 * sides of the border may then mean different things by the same call. Every build renews the core's time.
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AddonLoad } from "./load-addon.ts";
import { PACKAGE_ROOT } from "../base/package-root.ts";

const SOURCE = /\.(cc|h)$/;

/** What to tell the user, or null: it is current, or no checkout's. */
export function describeStaleCore({ origin, path }: AddonLoad, root: string = PACKAGE_ROOT): string | null {
  if (origin !== "checkout" || path === null) return null;
  const folder = join(root, "native");
  // An image may have the core without its sources.
  if (!existsSync(folder)) return null;
  const builtMs = statSync(path).mtimeMs;
  const changed = readdirSync(folder, { recursive: true, encoding: "utf8" }).find(
    (name) => SOURCE.test(name) && statSync(join(folder, name)).mtimeMs > builtMs,
  );
  if (changed === undefined) return null;
  return `The native core is older than its sources (native/${changed} has changed since): run npm run build, or what it does is not what they say.`;
}
