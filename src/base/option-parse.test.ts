import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TurnwiseError } from "./errors.ts";
import { editDistance, nearestName } from "./nearest-name.ts";
import { parseOptionText, resolveOptions } from "./option-parse.ts";
import type { OptionTable } from "./option-table.ts";

const TABLE = {
  "max-tokens": { type: { kind: "integer", min: 1, max: 100 }, default: null, env: "T_MAX", help: "" },
  temperature: { type: { kind: "number", min: 0, max: 2 }, default: 0.8, env: null, help: "" },
  "kv-type": { type: { kind: "choice", choices: ["auto", "f16", "int8"] }, default: "auto", env: "T_KV", help: "" },
  memory: { type: { kind: "bytes" }, default: null, env: null, help: "" },
  raw: { type: { kind: "boolean" }, default: false, env: "T_RAW", help: "" },
  stop: { type: { kind: "strings", placeholder: "TEXT" }, default: null, env: "T_STOP", help: "" },
  drain: { type: { kind: "duration" }, default: 30_000, env: null, help: "" },
} as const satisfies OptionTable;

/** The message of the UsageError that `action` throws; anything else is told as what it is. */
function messageOf(action: () => unknown): string {
  try {
    return `returned ${String(action())}`;
  } catch (thrown) {
    return thrown instanceof TurnwiseError && thrown.class === "UsageError"
      ? thrown.message
      : `threw ${String(thrown)}`;
  }
}

describe("resolveOptions", () => {
  test("gives defaults, and null where there is none", () => {
    expect(resolveOptions(TABLE, {})).toEqual({
      maxTokens: null,
      temperature: 0.8,
      kvType: "auto",
      memory: null,
      raw: false,
      stop: null,
      drain: 30_000,
    });
  });

  test("prefers the command line to the environment, and that to the default", () => {
    const env = { T_MAX: "7", T_KV: "f16", T_RAW: "1", T_STOP: "END" };
    const values = resolveOptions(TABLE, { "max-tokens": "9" }, env);
    expect(values).toMatchObject({ maxTokens: 9, kvType: "f16", raw: true, stop: ["END"] });
  });

  test("a settings file stands between the environment and the default", () => {
    const file = { path: "/etc/t.json", given: { "max-tokens": "5", "kv-type": "int8", raw: true } };
    expect(resolveOptions(TABLE, {}, {}, file)).toMatchObject({ maxTokens: 5, kvType: "int8", raw: true });
    const env = { T_MAX: "7", T_KV: "" };
    expect(resolveOptions(TABLE, { raw: false }, env, file)).toMatchObject({
      maxTokens: 7,
      kvType: "int8",
      raw: false,
    });
    const wrong = { path: "/etc/t.json", given: { "kv-type": "int4" } };
    expect(messageOf(() => resolveOptions(TABLE, {}, {}, wrong))).toBe(
      'Option kvType in /etc/t.json: "int4" is not one of auto, f16, int8; did you mean int8.',
    );
  });

  test("takes an empty variable as unset", () => {
    expect(resolveOptions(TABLE, {}, { T_MAX: "", T_KV: "" })).toMatchObject({ maxTokens: null, kvType: "auto" });
  });

  test("keeps every text of a repeated option and the last of another", () => {
    const values = resolveOptions(TABLE, { stop: ["a", "b"], temperature: ["1", "0.5"] });
    expect(values).toMatchObject({ stop: ["a", "b"], temperature: 0.5 });
  });

  test("names the variable when its text is wrong", () => {
    expect(messageOf(() => resolveOptions(TABLE, {}, { T_MAX: "many" }))).toBe('Option T_MAX: "many" is not a number.');
  });

  test("suggests the nearest option, and none where none is near", () => {
    expect(messageOf(() => resolveOptions(TABLE, { tempratur: "1" }))).toBe(
      "Unknown option --tempratur. Did you mean --temperature?",
    );
    expect(messageOf(() => resolveOptions(TABLE, { zzz: "1" }))).toBe("Unknown option --zzz.");
  });

  test("asks for a required option", () => {
    const table = {
      prompt: { type: { kind: "string", placeholder: "TEXT" }, default: null, env: null, help: "", required: true },
    } as const satisfies OptionTable;
    expect(messageOf(() => resolveOptions(table, {}))).toBe("Option --prompt: it must be given.");
  });
});

describe("parseOptionText", () => {
  test.each([
    ["512MiB", 512 * 1024 * 1024],
    ["2GiB", 2 * 1024 ** 3],
    ["1.5 gb", 1_500_000_000],
    ["1000000", 1_000_000],
    ["4k", 4096],
    ["0", 0],
  ])("size %s", (text, bytes) => {
    expect(parseOptionText("--memory", { kind: "bytes" }, text)).toBe(bytes);
  });

  test.each([
    ["30s", 30_000],
    ["500ms", 500],
    ["2m", 120_000],
    ["1.5h", 5_400_000],
    ["0", 0],
  ])("duration %s", (text, ms) => {
    expect(parseOptionText("--drain", { kind: "duration" }, text)).toBe(ms);
  });

  test("a duration is one that a timer can run, unless its option says otherwise", () => {
    // Node's setTimeout takes up to 2 ** 31 - 1 ms, 596 h 31 min, and sets a longer one to 1 ms.
    expect(parseOptionText("--drain", { kind: "duration" }, "596h")).toBe(596 * 3_600_000);
    expect(messageOf(() => parseOptionText("--drain", { kind: "duration" }, "600h"))).toBe(
      'Option --drain: "600h" is longer than 596h, the longest.',
    );
    const aYear = { kind: "duration", maxMs: Number.MAX_SAFE_INTEGER } as const;
    expect(parseOptionText("--unused-for", aYear, "8760h")).toBe(8760 * 3_600_000);
  });

  test.each([
    ["bytes", "-1"],
    ["bytes", "1XB"],
    ["bytes", ""],
    ["bytes", "99999999TiB"],
    ["duration", "30"],
    ["duration", "s"],
  ] as const)("%s refuses %j", (kind, text) => {
    expect(messageOf(() => parseOptionText("--x", { kind }, text))).toMatch(/^Option --x: .*such as/);
  });

  test.each(["", "1.5", "0x10", "1e400", "NaN", "Infinity", " 1", "1a", "--1"])("integer refuses %j", (text) => {
    expect(messageOf(() => parseOptionText("--n", { kind: "integer", min: 0, max: 1000 }, text))).toMatch(
      /^Option --n: .* is not a (whole )?number\.$/,
    );
  });

  test("says the range", () => {
    expect(messageOf(() => parseOptionText("--n", { kind: "integer", min: 1, max: 8 }, "9"))).toBe(
      "Option --n: 9 is outside 1 to 8.",
    );
    const openEnded = { kind: "integer", min: 1, max: Number.MAX_SAFE_INTEGER } as const;
    expect(messageOf(() => parseOptionText("--n", openEnded, "0"))).toBe("Option --n: 0 is outside 1 or more.");
  });

  test("lists the choices and the nearest", () => {
    expect(messageOf(() => parseOptionText("--kv-type", TABLE["kv-type"].type, "int4"))).toBe(
      'Option --kv-type: "int4" is not one of auto, f16, int8; did you mean int8.',
    );
  });

  test("reads back every number in range", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), (value) => {
        expect(parseOptionText("--n", { kind: "integer", min: -1000, max: 1000 }, String(value))).toBe(value);
      }),
    );
  });
});

describe("nearestName", () => {
  const NAMES = ["temperature", "top-k", "top-p", "seed", "serve"];

  test.each([
    ["temp", "temperature"],
    ["sede", "seed"],
    ["topk", "top-k"],
    ["TOP-P", "top-p"],
    ["prompt", null],
  ])("%s -> %s", (name, nearest) => {
    expect(nearestName(name, NAMES)).toBe(nearest);
  });

  test("the distance is 0 for equal words only, symmetric, and at most the longer length", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (left, right) => {
        const distance = editDistance(left, right);
        expect(distance === 0).toBe(left === right);
        expect(editDistance(right, left)).toBe(distance);
        expect(distance).toBeLessThanOrEqual(Math.max(left.length, right.length));
      }),
    );
  });
});
