import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { PACKAGE_ROOT } from "../base/package-root.ts";
import { allCommands, COMMAND_NAMES, commandsFor } from "./commands.ts";
import { renderReference } from "./reference.ts";

const COMMANDS = await allCommands();

test("docs/cli.md is current (npx tsx scripts/generate-cli-docs.ts writes it)", () => {
  expect(readFileSync(join(PACKAGE_ROOT, "docs", "cli.md"), "utf8")).toBe(renderReference(COMMANDS));
});

test("every command has the name that it is loaded by, and is loaded with those that share its first word", async () => {
  expect(COMMANDS.map(({ name }) => name)).toEqual(COMMAND_NAMES);
  expect((await commandsFor(["run", "x"])).map(({ name }) => name)).toEqual(["run"]);
  expect((await commandsFor(["bench"])).map(({ name }) => name)).toContain("bench turns");
  for (const argv of [[], ["--help"], ["help", "run"], ["rn"]]) {
    expect((await commandsFor(argv)).length).toBe(COMMAND_NAMES.length);
  }
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
