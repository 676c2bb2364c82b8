/** Where binaries of the native core may lie. Paths only; `load-addon.ts` decides which one is taken. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../base/cache-directory.ts";
import type { Environment } from "../base/environment.ts";
import { PACKAGE_ROOT } from "../base/package-root.ts";

/** The package's version, which a platform package must match exactly. */
export function packageVersion(root: string = PACKAGE_ROOT): string {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  return manifest.version;
}

/** Made by `npm run build` in a checkout. */
export function checkoutBuildPath(root: string = PACKAGE_ROOT): string {
  return join(root, "build", "native", "turnwise.node");
}

/** Made by `turnwise build-native`; one for each version, so that an update never loads an old binary. */
export function cachedBuildPath(environment: Environment = process.env, root: string = PACKAGE_ROOT): string {
  const folder = `${packageVersion(root)}-${process.platform}-${process.arch}`;
  return join(cacheDirectory(environment), "native", folder, "turnwise.node");
}

/** Whether this is Linux without glibc, for which no binary is published. `report`: Node's diagnostic one. */
export function isMusl(
  platform: string = process.platform,
  report: () => object = () => process.report.getReport(),
): boolean {
  if (platform !== "linux") return false;
  const { header = {} } = report() as { readonly header?: { readonly glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined;
}

/** Package that holds a binary for this machine, where one is published; `scripts/package.mjs` makes them. */
export function platformPackageName(): string {
  // Linux binaries are for glibc; npm installs none elsewhere.
  return `@turnwise/${process.platform}-${process.arch}${process.platform === "linux" ? "-gnu" : ""}`;
}
