/**
 * Finds and loads the native core. Order: the file that TURNWISE_NATIVE names; the platform package of
 * exactly this version; the checkout's build; a build made by `turnwise build-native`. The first that
 * loads is taken; every other one is listed with its reason, for `turnwise doctor`.
 */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import type { Environment } from "../base/environment.ts";
import { fail } from "../base/errors.ts";
import { PACKAGE_ROOT } from "../base/package-root.ts";
import { ADDON_ABI, type Addon } from "./addon-types.ts";
import { cachedBuildPath, checkoutBuildPath, packageVersion, platformPackageName } from "./native-paths.ts";

/** Where a binary came from. */
export type AddonOrigin = "environment" | "platform-package" | "checkout" | "user-build";

export interface AddonAttempt {
  readonly origin: AddonOrigin;
  /** A path, or a package's name. */
  readonly candidate: string;
  /** Why it was not taken. */
  readonly reason: string;
}

export interface AddonLoad {
  /** Null: no binary loads, the TypeScript interpreter runs the models. */
  readonly addon: Addon | null;
  readonly origin: AddonOrigin | null;
  /** The file that was loaded. */
  readonly path: string | null;
  /** Candidates before the one taken, in order. */
  readonly tried: readonly AddonAttempt[];
}

export interface LoadAddonOptions {
  readonly environment?: Environment;
  readonly root?: string;
}

/** Value of TURNWISE_NATIVE that turns the native core off. */
const OFF = "off";

interface Refusal {
  readonly reason: string;
}

interface Candidate {
  readonly origin: AddonOrigin;
  readonly name: string;
  /** The binary's path, or why there is none. */
  readonly locate: () => { readonly path: string } | Refusal;
}

const require = createRequire(import.meta.url);
let loaded: AddonLoad | undefined;

/** The native core of this process, looked for once. */
export function loadAddon(): AddonLoad {
  loaded ??= findAddon();
  return loaded;
}

/** The native core; throws `native_missing` with every candidate's reason. */
export function requireAddon(): Addon {
  const { addon, tried } = loadAddon();
  if (addon !== null) return addon;
  return fail("native_missing", { reason: tried.map(({ candidate, reason }) => `${candidate}: ${reason}`).join("; ") });
}

/** Looks anew; what `loadAddon` remembers, and what tests call. */
export function findAddon({ environment = process.env, root = PACKAGE_ROOT }: LoadAddonOptions = {}): AddonLoad {
  const tried: AddonAttempt[] = [];
  for (const { origin, name, locate } of candidates(environment, root)) {
    const found = locate();
    const attempt = "path" in found ? loadFile(found.path) : found;
    if ("addon" in attempt) return { ...attempt, origin, tried };
    tried.push({ origin, candidate: name, reason: attempt.reason });
  }
  return { addon: null, origin: null, path: null, tried };
}

function candidates(environment: Environment, root: string): readonly Candidate[] {
  const override = environment["TURNWISE_NATIVE"];
  // An override stands alone: falling back to another binary would hide that it does not work.
  if (override === OFF) {
    return [{ origin: "environment", name: "TURNWISE_NATIVE", locate: () => ({ reason: "it is off" }) }];
  }
  if (override !== undefined && override !== "") return [fileCandidate("environment", override)];
  return [
    { origin: "platform-package", name: platformPackageName(), locate: () => locatePlatformPackage(root) },
    fileCandidate("checkout", checkoutBuildPath(root)),
    fileCandidate("user-build", cachedBuildPath(environment, root)),
  ];
}

function fileCandidate(origin: AddonOrigin, path: string): Candidate {
  return { origin, name: path, locate: () => (existsSync(path) ? { path } : { reason: "there is no such file" }) };
}

function locatePlatformPackage(root: string): { readonly path: string } | Refusal {
  const requireFromRoot = createRequire(join(root, "package.json"));
  let manifestPath: string;
  try {
    manifestPath = requireFromRoot.resolve(`${platformPackageName()}/package.json`);
  } catch {
    return { reason: "it is not installed" };
  }
  const { version } = requireFromRoot(manifestPath) as { readonly version?: unknown };
  const needed = packageVersion(root);
  if (version !== needed) return { reason: `it is version ${String(version)}, this is ${needed}` };
  return { path: join(dirname(manifestPath), "turnwise.node") };
}

function loadFile(path: string): { readonly addon: Addon; readonly path: string } | Refusal {
  let exported: unknown;
  try {
    exported = require(path);
  } catch (error) {
    return { reason: error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error) };
  }
  const abi = typeof exported === "object" && exported !== null && "abi" in exported ? exported.abi : undefined;
  if (abi !== ADDON_ABI) return { reason: `its ABI is ${String(abi)}, this version needs ${ADDON_ABI}; build it again` };
  return { addon: exported as Addon, path };
}
