import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TurnwiseError } from "../base/errors.ts";
import { allCommands } from "./commands.ts";
import { findSettingsFile, parseSettings, readSettingsFile } from "./settings-file.ts";
import { SETTINGS, settingsOf } from "./settings.ts";

const PATH = "/etc/turnwise.config.json";

test("names are in camelCase, values are JSON's", () => {
  const text = '{ "port": 9000, "kvMemory": "4GiB", "strictFields": true, "model": "hf:org/name" }';
  expect(parseSettings(PATH, text)).toEqual({
    port: "9000",
    "kv-memory": "4GiB",
    "strict-fields": true,
    model: "hf:org/name",
  });
});

test("what may be repeated on the command line is a text or a list", () => {
  expect(parseSettings(PATH, '{ "sharedPrefix": "a.json" }')).toEqual({ "shared-prefix": ["a.json"] });
  expect(parseSettings(PATH, '{ "sharedPrefix": ["a.json", "b.txt"] }')).toEqual({
    "shared-prefix": ["a.json", "b.txt"],
  });
});

test.each([
  ["{", "it is not JSON: "],
  ["[]", "it must hold one JSON object."],
  ["null", "it must hold one JSON object."],
  ['{ "prot": 1 }', "there is no setting prot. Did you mean port?"],
  ['{ "kv-memory": "4GiB" }', "there is no setting kv-memory. Did you mean kvMemory?"],
  ['{ "temperature": 1 }', "there is no setting temperature."],
  ['{ "port": null }', "port must be a text, a number, true or false."],
  ['{ "sharedPrefix": ["a", 1] }', "sharedPrefix must be a text or a list of texts."],
  ['{ "port": [1] }', "port must be a text, a number, true or false."],
])("%s: %s", (text, problem) => {
  expect(() => parseSettings(PATH, text)).toThrow(`${PATH}: ${problem}`);
});

/** The code of what `parseSettings` throws, or null. */
function refusal(text: string): string | null {
  try {
    parseSettings(PATH, text);
    return null;
  } catch (error) {
    return error instanceof TurnwiseError ? error.code : String(error);
  }
}

test("any text is read or refused with settings_invalid", () => {
  const settings = fc.dictionary(fc.constantFrom("port", "host", "kvMemory", "__proto__", "x"), fc.jsonValue());
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        settings.map((value) => JSON.stringify(value)),
      ),
      (text) => {
        expect([null, "settings_invalid"]).toContain(refusal(text));
      },
    ),
  );
});

describe("the file", () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-settings-"));
  const path = join(folder, "mine.json");
  writeFileSync(path, '{ "port": 1 }');

  test("is the one of --config, else the one of TURNWISE_CONFIG", () => {
    expect(findSettingsFile([path], { TURNWISE_CONFIG: "/nowhere" })).toEqual({ path, given: { port: "1" } });
    expect(findSettingsFile(undefined, { TURNWISE_CONFIG: path })).toEqual({ path, given: { port: "1" } });
    expect(findSettingsFile(undefined, { TURNWISE_CONFIG: "" })).toBeNull();
  });

  test("must be there when it was named", () => {
    expect(() => readSettingsFile(join(folder, "absent.json"))).toThrow("Cannot read");
  });
});

test.each(await allCommands())("the settings of $name may stand in the file", ({ options }) => {
  // The file's own name cannot stand in it.
  const rows = Object.entries(settingsOf(options)).filter(([name]) => name !== "config");
  const kinds = rows.map(([name, { env, type }]) => [name, env, type.kind]);
  expect(kinds).toEqual(rows.map(([name]) => [name, SETTINGS[name]?.env, SETTINGS[name]?.type.kind]));
});
