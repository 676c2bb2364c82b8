/**
 * Builds the native core: every native/ .cc file (tests aside) into one shared object that loads on
 * every Node from version 20 on, with plain g++ or clang++ against node-addon-api and node-api-headers.
 * No node-gyp, no download. Used by `npm run build`, by `prepare` and by `turnwise build-native`, so it
 * imports nothing but Node. Incremental: an object is rebuilt when its command or a file it read changed.
 *
 * A file of native/isa/ may carry, in its first lines, `// flags: ...` (added to its command) and
 * `// only: x64` (skipped on other architectures).
 */

import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const SOURCE_ROOT = join(ROOT, "native");
/** Where the checkout's own build goes; `src/native/load-addon.ts` looks here. */
export const DEFAULT_OUT = join(ROOT, "build", "native", "turnwise.node");

/** A compiler of its own takes about 0.7 GB; more jobs than this swap on small machines. */
const MAX_JOBS = 8;

/** No C++ compiler was found; `message` says how to get one. */
export class CompilerMissingError extends Error {
  constructor(tried) {
    super(
      `no C++ compiler found (tried ${tried.join(", ")}). Install one, for example "apt-get install g++", ` +
        `or name one in the environment variable CXX.`,
    );
    this.name = "CompilerMissingError";
  }
}

/** The compiler ran and refused; `message` holds its output. */
export class CompileFailedError extends Error {
  constructor(file, output) {
    super(`compiling ${file} failed:\n${output.trim()}`);
    this.name = "CompileFailedError";
  }
}

/**
 * Builds what is out of date and links. Returns the path of the shared object.
 *
 * @param {{ log?: (line: string) => void, out?: string, cross?: string, architecture?: string, cxx?: string }} options
 *   `cross` is a tool prefix such as "aarch64-linux-gnu-"; `architecture` is Node's name of the target.
 */
export async function buildNative(options = {}) {
  const startMs = performance.now();
  const log = options.log ?? (() => {});
  const out = resolve(options.out ?? DEFAULT_OUT);
  const architecture = options.architecture ?? (options.cross ? architectureOfPrefix(options.cross) : process.arch);
  const compiler = findCompiler(options);
  const objectDirectory = join(dirname(out), "obj");
  mkdirSync(objectDirectory, { recursive: true });

  const sources = nativeSources(architecture).filter((path) => !relative(SOURCE_ROOT, path).startsWith("test"));
  const units = sources.map((source) => compileUnit(source, compiler, baseFlags(), objectDirectory));
  const compiled = await compileStale(units);
  const linked = await link(sharedObjectArgs(units), units, compiler, out, compiled > 0);

  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const what = linked ? `compiled ${compiled} of ${units.length} files` : "up to date";
  log(`native core: ${what} in ${seconds} s (${basename(compiler.command)})`);
  return out;
}

/** The compiler of CXX or `cxx`, else the first of the usual ones. CXX is this machine's, so not taken for another's. */
export function findCompiler({ cxx, cross = "" } = {}) {
  const named = cxx ?? (cross === "" ? process.env.CXX : undefined);
  const candidates = named ? [named] : [`${cross}g++`, `${cross}clang++`, ...(cross ? [] : ["c++"])];
  for (const candidate of candidates) {
    const [command, ...prefix] = candidate.split(/\s+/);
    if (spawnSync(command, [...prefix, "--version"], { stdio: "ignore" }).status === 0) return { command, prefix };
  }
  throw new CompilerMissingError(candidates);
}

export function architectureOfPrefix(prefix) {
  if (prefix.startsWith("aarch64")) return "arm64";
  if (prefix.startsWith("x86_64")) return "x64";
  return process.arch;
}

/** Every .cc file of native/ that is for this architecture. */
export function nativeSources(architecture) {
  return readdirSync(SOURCE_ROOT, { recursive: true })
    .map((name) => join(SOURCE_ROOT, name))
    .filter((path) => path.endsWith(".cc"))
    .filter((path) => {
      const only = directive(path, "only");
      return only.length === 0 || only.includes(architecture);
    })
    .toSorted();
}

/** Words of the `// name: ...` lines in the first lines of a file. */
function directive(path, name) {
  const prefix = `// ${name}:`;
  return readFileSync(path, "utf8")
    .split("\n", 20)
    .filter((line) => line.startsWith(prefix))
    .flatMap((line) => line.slice(prefix.length).trim().split(/\s+/));
}

/** How `source` is compiled: `flags` and those of its own `// flags:` lines. */
export function compileUnit(source, { command, prefix }, flags, objectDirectory) {
  const name = relative(SOURCE_ROOT, source).replaceAll(/[\\/]/g, "-").replace(/\.cc$/, "");
  const object = join(objectDirectory, `${name}.o`);
  const all = [...prefix, ...flags, ...directive(source, "flags")];
  return { source, object, depends: join(objectDirectory, `${name}.d`), command, flags: all };
}

/** What every file of the core is compiled with. */
export function baseFlags() {
  const require = createRequire(import.meta.url);
  const addonApi = dirname(require.resolve("node-addon-api"));
  const apiHeaders = join(dirname(require.resolve("node-api-headers")), "include");
  return [
    "-std=c++17",
    "-O3",
    // A multiply and an add stay two roundings unless the source says fma: same bits on every machine.
    "-ffp-contract=off",
    "-fPIC",
    "-fvisibility=hidden",
    "-Wall",
    "-Wextra",
    "-pthread",
    "-DNAPI_VERSION=8",
    "-DNODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
    // As system headers: their warnings are not ours.
    "-isystem",
    addonApi,
    "-isystem",
    apiHeaders,
  ];
}

/** Whether the object lacks, was made by another command, or is older than a file that it read. */
function isStale({ source, object, depends, command, flags }) {
  if (!existsSync(object) || !existsSync(depends) || !existsSync(`${object}.cmd`)) return true;
  if (readFileSync(`${object}.cmd`, "utf8") !== commandText(command, [...flags, source])) return true;
  const builtMs = statSync(object).mtimeMs;
  const inputs = readFileSync(depends, "utf8")
    .replace(/^[^:]*:/, "")
    .replaceAll("\\\n", " ")
    .split(/(?<!\\)\s+/)
    .filter((path) => path !== "")
    .map((path) => path.replaceAll("\\ ", " "));
  return inputs.some((path) => !existsSync(path) || statSync(path).mtimeMs > builtMs);
}

const commandText = (command, flags) => [command, ...flags].join("\n");

/** Compiles what is out of date, some at a time; stops at the first failure. Returns how many it compiled. */
export async function compileStale(units) {
  const stale = units.filter((unit) => isStale(unit));
  const queue = [...stale];
  const worker = async () => {
    for (let unit = queue.shift(); unit; unit = queue.shift()) {
      try {
        await compile(unit);
      } catch (thrown) {
        queue.length = 0;
        throw thrown;
      }
    }
  };
  const jobs = Math.min(availableParallelism(), MAX_JOBS);
  const results = await Promise.allSettled(Array.from({ length: jobs }, worker));
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  return stale.length;
}

/** Writes under a name of this process and renames, so that two builds at once cannot mix their files. */
async function compile({ source, object, depends, command, flags }) {
  const partial = `${object}.${process.pid}`;
  const args = [...flags, "-MMD", "-MF", `${partial}.d`, "-c", source, "-o", partial];
  const { code, output } = await run(command, args);
  if (code !== 0) {
    rmSync(partial, { force: true });
    rmSync(`${partial}.d`, { force: true });
    throw new CompileFailedError(relative(ROOT, source), output);
  }
  renameSync(`${partial}.d`, depends);
  renameSync(partial, object);
  // With the source's path: a copied build folder must not answer for sources elsewhere.
  writeFileSync(`${object}.cmd`, commandText(command, [...flags, source]));
}

function sharedObjectArgs(units) {
  const platformFlags =
    process.platform === "darwin"
      ? ["-bundle", "-undefined", "dynamic_lookup"]
      : [
          "-shared",
          // Systems have a libstdc++ older than the compiler's. Not so libgcc, which Node itself loads; and
          // what nobody calls goes, for it asks for a newer C library (`scripts/package.mjs` checks that).
          "-static-libstdc++",
          "-Wl,--gc-sections",
          `-Wl,--version-script=${join(SOURCE_ROOT, "exports.map")}`,
          // The SIGBUS handler must outlive the environment that loaded the file.
          "-Wl,-z,nodelete",
        ];
  return ["-O3", "-pthread", ...platformFlags, ...units.map((unit) => unit.object)];
}

/** Links when an object or the list of objects is new; returns whether it did. */
export async function link(linkArgs, units, { command, prefix }, out, changed) {
  const args = [...prefix, ...linkArgs];
  const listing = `${out}.cmd`;
  const sameCommand = existsSync(listing) && readFileSync(listing, "utf8") === commandText(command, args);
  const inputs = [join(SOURCE_ROOT, "exports.map"), ...units.map((unit) => unit.object)];
  const newest = Math.max(...inputs.map((path) => statSync(path).mtimeMs));
  if (!changed && sameCommand && existsSync(out) && statSync(out).mtimeMs >= newest) {
    // The time says up to when it stands for the sources, whichever of them were touched (`src/native/stale-core.ts`).
    utimesSync(out, new Date(), new Date());
    return false;
  }

  const partial = `${out}.${process.pid}`;
  const { code, output } = await run(command, [...args, "-o", partial]);
  if (code !== 0) {
    rmSync(partial, { force: true });
    throw new CompileFailedError(basename(out), output);
  }
  renameSync(partial, out);
  writeFileSync(listing, commandText(command, args));
  return true;
}

function run(command, args) {
  return new Promise((settle) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => settle({ code: 1, output: error.message }));
    child.on("close", (code) => {
      if (code === 0 && output !== "") process.stderr.write(output);
      settle({ code: code ?? 1, output });
    });
  });
}

/** `--out PATH`, `--cross PREFIX`. */
function parseArguments(args) {
  const options = {};
  for (let index = 0; index < args.length; index += 2) {
    const value = args[index + 1];
    if (args[index] === "--out" && value) options.out = value;
    else if (args[index] === "--cross" && value) options.cross = value;
    else return null;
  }
  return options;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = parseArguments(process.argv.slice(2));
  if (options === null) {
    console.error("usage: build-native.mjs [--out PATH] [--cross PREFIX]");
    process.exit(2);
  }
  try {
    await buildNative({ ...options, log: (line) => console.log(line) });
  } catch (thrown) {
    console.error(`native core: ${thrown.message}`);
    process.exit(1);
  }
}
