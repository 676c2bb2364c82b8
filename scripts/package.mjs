/**
 * `npm run package`: what is published, as tarballs in build/package: the package itself, and one for each
 * platform with the native core in it, cross-compiled where this machine is another. The platform packages
 * become optional dependencies of the published manifest alone, at exactly its version; the checkout's
 * never names them. Installing runs no script and needs no compiler; `npm run test:package` shows it.
 *
 *   node scripts/package.mjs [--platforms x64,arm64]
 */

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CROSS_PREFIX, requireCompiler } from "./arm-tools.mjs";
import { buildNative } from "./build-native.mjs";
import { runCommand } from "./run-command.mjs";
import { scriptOptions } from "./script-options.mjs";

const ROOT = resolve(import.meta.dirname, "..");
export const PACKAGE_FOLDER = join(ROOT, "build", "package");

/** The C library of Amazon Linux 2023, Ubuntu 22.04 and Debian 12; what needs a newer one does not load there. */
const NEWEST_GLIBC = 34;

/** Node's names of architectures, and what compiles for each on a machine of another. */
const PLATFORMS = {
  x64: { cross: "x86_64-linux-gnu-", objdump: "x86_64-linux-gnu-objdump" },
  arm64: { cross: CROSS_PREFIX, objdump: `${CROSS_PREFIX}objdump` },
};

const readManifest = () => JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** Returns the tarballs' paths: the package's first, then one for each platform. */
export async function packageAll(architectures = Object.keys(PLATFORMS)) {
  const manifest = readManifest();
  rmSync(PACKAGE_FOLDER, { recursive: true, force: true });
  mkdirSync(PACKAGE_FOLDER, { recursive: true });
  run("npm", ["run", "build", "--silent"]);
  const tarballs = [packageMain(manifest, architectures)];
  for (const architecture of architectures) tarballs.push(await packagePlatform(manifest, architecture));
  return tarballs;
}

const platformName = (architecture) => `@turnwise/linux-${architecture}-gnu`;

/** The files that npm takes of the checkout, with a manifest of their own. */
function packageMain({ devDependencies: _devDependencies, scripts: _scripts, ...manifest }, architectures) {
  const staged = join(PACKAGE_FOLDER, "turnwise");
  const [{ files }] = JSON.parse(run("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"]));
  for (const { path } of files) {
    mkdirSync(dirname(join(staged, path)), { recursive: true });
    cpSync(join(ROOT, path), join(staged, path));
  }
  const platforms = architectures.map((architecture) => [platformName(architecture), manifest.version]);
  writeManifest(staged, {
    ...manifest,
    optionalDependencies: Object.fromEntries(platforms),
  });
  return pack(staged);
}

async function packagePlatform({ version, license }, architecture) {
  const name = platformName(architecture);
  const staged = join(PACKAGE_FOLDER, `linux-${architecture}-gnu`);
  const core = await buildCore(architecture);
  checkSymbols(core, architecture);
  mkdirSync(staged, { recursive: true });
  cpSync(core, join(staged, "turnwise.node"));
  cpSync(join(ROOT, "LICENSE"), join(staged, "LICENSE"));
  writeFileSync(
    join(staged, "README.md"),
    `# ${name}\n\nThe native core of turnwise ${version}, for Linux with glibc.\n`,
  );
  writeManifest(staged, {
    name,
    version,
    description: `The native core of turnwise for linux-${architecture} with glibc`,
    license,
    os: ["linux"],
    cpu: [architecture],
    libc: ["glibc"],
    files: ["turnwise.node", "README.md", "LICENSE"],
  });
  return pack(staged);
}

function buildCore(architecture) {
  const log = (line) => console.log(`${architecture}: ${line}`);
  if (architecture === process.arch) return buildNative({ log });
  const { cross } = PLATFORMS[architecture];
  if (architecture === "arm64") requireCompiler();
  return buildNative({ log, cross, out: join(ROOT, "build", architecture, "turnwise.node") });
}

/** Throws where the core asks for a C library that is newer than NEWEST_GLIBC. */
function checkSymbols(core, architecture) {
  const objdump = architecture === process.arch ? "objdump" : PLATFORMS[architecture].objdump;
  const symbols = run(objdump, ["-T", core]).split("\n");
  const tooNew = symbols.filter((line) => Number(/\(GLIBC_2\.(\d+)/.exec(line)?.[1] ?? 0) > NEWEST_GLIBC);
  if (tooNew.length > 0) throw new Error(`${core} needs a newer glibc than 2.${NEWEST_GLIBC}:\n${tooNew.join("\n")}`);
}

function writeManifest(folder, manifest) {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function pack(folder) {
  const args = ["pack", folder, "--json", "--ignore-scripts", "--pack-destination", PACKAGE_FOLDER];
  const [{ filename, unpackedSize }] = JSON.parse(run("npm", args));
  // npm names the file of a scoped package without the scope's marks.
  const path = join(PACKAGE_FOLDER, filename.replace("@", "").replace("/", "-"));
  console.log(`${path}: ${(unpackedSize / 2 ** 20).toFixed(1)} MiB unpacked`);
  return path;
}

const run = (command, args) => runCommand(command, args, { cwd: ROOT });

if (process.argv[1] === import.meta.filename) {
  const { values } = scriptOptions({ options: { platforms: { type: "string" } } });
  await packageAll(values.platforms?.split(","));
}
