/**
 * llama.cpp for this CPU, from the git bundle that node-llama-cpp carries for its own builds: the same
 * sources as the prebuilt binary, with this machine's instructions.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";

const HERE = import.meta.dirname;
const BUNDLE_FOLDER = join(HERE, "node_modules", "node-llama-cpp", "llama");
const SOURCE = join(HERE, "build", "llama.cpp");
export const LLAMA_CPP_BIN = join(SOURCE, "build", "bin");

const PROGRAMS = ["llama-bench", "llama-batched-bench"];
const SERVER = "llama-server";

const CMAKE_OPTIONS = [
  "-DCMAKE_BUILD_TYPE=Release",
  "-DGGML_NATIVE=ON",
  "-DBUILD_SHARED_LIBS=OFF",
  // Nothing that is not measured, and nothing from the network.
  "-DLLAMA_OPENSSL=OFF",
  "-DLLAMA_BUILD_TESTS=OFF",
  "-DLLAMA_BUILD_EXAMPLES=OFF",
  "-DLLAMA_BUILD_SERVER=ON",
];

/** "v0.5.0", by the package's own record. */
export const llamaCppVersion = () => JSON.parse(readFileSync(join(BUNDLE_FOLDER, "llama.cpp.info.json"), "utf8")).tag;

/** Installs the peer and builds, where that is not done yet; the server only where it is asked for. */
export function preparePeers(log, { server = false } = {}) {
  if (!existsSync(BUNDLE_FOLDER)) {
    log("installing node-llama-cpp (750 MB)");
    // Its install script would look for a GPU and build; the prebuilt binary is a package of its own.
    // Not `npm ci`: that refuses the lockfile for platforms' packages which a registry does not carry.
    run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], HERE);
  }
  const programs = server ? [...PROGRAMS, SERVER] : PROGRAMS;
  if (programs.every((program) => existsSync(join(LLAMA_CPP_BIN, program)))) return;
  log(`building llama.cpp ${llamaCppVersion()} (minutes)`);
  if (!existsSync(join(SOURCE, "CMakeLists.txt"))) {
    rmSync(SOURCE, { recursive: true, force: true });
    run("git", ["clone", "-q", join(BUNDLE_FOLDER, "gitRelease.bundle"), SOURCE], HERE);
  }
  run("cmake", ["-S", SOURCE, "-B", join(SOURCE, "build"), ...CMAKE_OPTIONS], HERE);
  const jobs = String(availableParallelism());
  run("cmake", ["--build", join(SOURCE, "build"), "-j", jobs, "--target", ...programs], HERE);
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? `ended with ${status}`}`);
}
