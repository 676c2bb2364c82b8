/** What the build of the native core says where there is no compiler, or one that fails. */

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const SCRIPT = fileURLToPath(new URL("../../scripts/build-native.mjs", import.meta.url));

describe("build-native", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "turnwise-build-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const build = (compiler: string, ...args: readonly string[]) => {
    const out = join(folder, "turnwise.node");
    const options = { encoding: "utf8", env: { ...process.env, CXX: compiler } } as const;
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, "--out", out, ...args], options);
    return { status, stderr, built: existsSync(out) };
  };

  it("says how to get a compiler", () => {
    const { status, stderr, built } = build("/absent/g++");
    expect({ status, built }).toEqual({ status: 1, built: false });
    expect(stderr).toBe(
      'native core: no C++ compiler found (tried /absent/g++). Install one, for example "apt-get install g++", ' +
        "or name one in the environment variable CXX.\n",
    );
  });

  it.skipIf(process.platform === "win32")("passes on what the compiler says, and leaves no halves behind", () => {
    const compiler = join(folder, "compiler");
    writeFileSync(compiler, '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "virtual memory exhausted" >&2\nexit 1\n');
    chmodSync(compiler, 0o755);
    const { status, stderr, built } = build(compiler);
    expect({ status, built }).toEqual({ status: 1, built: false });
    expect(stderr).toMatch(/^native core: compiling native\/\S+\.cc failed:\nvirtual memory exhausted\n$/);
    expect(readdirSync(join(folder, "obj"))).toEqual([]);
  });

  it.skipIf(process.platform === "win32")("takes the cross compiler for another machine, whatever CXX names", () => {
    for (const [name, words] of [
      ["native", "the compiler of CXX"],
      ["cross-g++", "the cross compiler"],
    ] as const) {
      const script = `#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "${words}" >&2\nexit 1\n`;
      writeFileSync(join(folder, name), script, { mode: 0o755 });
    }
    expect(build(join(folder, "native")).stderr).toMatch(/the compiler of CXX\n$/);
    expect(build(join(folder, "native"), "--cross", join(folder, "cross-")).stderr).toMatch(/the cross compiler\n$/);
  });

  it("refuses unknown arguments", () => {
    expect(build("g++", "--fast", "yes")).toMatchObject({ status: 2, built: false });
  });
});
