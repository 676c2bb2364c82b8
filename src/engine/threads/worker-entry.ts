/**
 * Where the entry files of the engine's threads lie: in the built program, which must be current also where sources
 * run directly (tests, tsx), since Node starts a thread from JavaScript only.
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { PACKAGE_ROOT } from "../../base/package-root.ts";

export type WorkerName = "step-worker" | "text-worker" | "mask-worker";

export function workerEntry(name: WorkerName): URL {
  return pathToFileURL(join(PACKAGE_ROOT, "dist", "program", `${name}.js`));
}
