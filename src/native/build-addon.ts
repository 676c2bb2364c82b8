/** Builds the native core for this user, where neither a platform package nor a checkout has one. */

import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { fail } from "../base/errors.ts";
import { PACKAGE_ROOT } from "../base/package-root.ts";
import { cachedBuildPath } from "./native-paths.ts";

interface BuildScript {
  readonly buildNative: (options: { readonly log: (line: string) => void; readonly out: string }) => Promise<string>;
}

/**
 * Compiles to the user's cache folder, where the loader looks; returns the file's path. Needs a C++
 * compiler; throws `native_build_failed` with what to install, or with the compiler's own words.
 */
export async function buildAddon(log: (line: string) => void): Promise<string> {
  const script = pathToFileURL(join(PACKAGE_ROOT, "scripts", "build-native.mjs"));
  try {
    const { buildNative } = (await import(script.href)) as BuildScript;
    return await buildNative({ log, out: cachedBuildPath() });
  } catch (error) {
    return fail("native_build_failed", { reason: error instanceof Error ? error.message : String(error) });
  }
}
