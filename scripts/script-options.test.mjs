import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const run = (...args) =>
  spawnSync(process.execPath, [join(import.meta.dirname, "test-container.mjs"), ...args], {
    encoding: "utf8",
    env: { ...process.env, PATH: "" },
  });

test("--help prints a script's head, and an unknown option ends it with one line", () => {
  const { status, stdout } = run("--help");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^`npm run test:container`: builds the image/);
  expect(stdout).not.toMatch(/^ ?\*|import/m);
  expect(run("--nope")).toMatchObject({
    status: 2,
    stdout: "",
    stderr: "Unknown option '--nope'; --help says what there is\n",
  });
});

test("without a container engine nothing is tested, which is said", () => {
  expect(run()).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^SKIPPED test:container, nothing was built/),
  });
});
