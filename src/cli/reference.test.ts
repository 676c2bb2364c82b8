import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PACKAGE_ROOT } from "../native/native-paths.ts";
import { COMMANDS } from "./commands.ts";
import { renderReference } from "./reference.ts";

test("docs/cli.md is current (npx tsx scripts/generate-cli-docs.ts writes it)", () => {
  expect(readFileSync(join(PACKAGE_ROOT, "docs", "cli.md"), "utf8")).toBe(renderReference(COMMANDS));
});

describe.each(COMMANDS)("turnwise $name", ({ options }) => {
  test("takes no short letter twice", () => {
    const letters = Object.values(options).flatMap(({ short }) => short ?? []);
    expect(new Set(letters).size).toBe(letters.length);
  });

  test("has one help line for each option, without a full stop", () => {
    const wrong = Object.entries(options).filter(([, { help }]) => !/^[A-Z\d"{-].{2,98}[^.]$/.test(help));
    expect(wrong).toEqual([]);
  });
});
