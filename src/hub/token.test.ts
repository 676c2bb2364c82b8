import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { findHubToken } from "./token.ts";

function tokenFile(...names: string[]): string {
  const path = join(mkdtempSync(join(tmpdir(), "turnwise-token-")), ...names);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "hf_from_file\n");
  return path;
}

const from = (origin: string) => ({ value: "hf_from_file", origin });

test("the variable comes first, then the file of the hub's own tools", () => {
  const home = tokenFile("token");
  const cache = tokenFile("huggingface", "token");
  const named = tokenFile("named");
  expect(findHubToken({ HF_TOKEN: " hf_x\n", HF_HOME: dirname(home) })).toEqual({ value: "hf_x", origin: "HF_TOKEN" });
  expect(findHubToken({ HF_TOKEN: "", HF_HOME: dirname(home) })).toEqual(from(home));
  expect(findHubToken({ XDG_CACHE_HOME: dirname(dirname(cache)) })).toEqual(from(cache));
  expect(findHubToken({ HF_TOKEN_PATH: named, HF_HOME: dirname(home) })).toEqual(from(named));
});

test.each(["hf_ab\nhf_cd", "hf ab", "hf_\u00e9", "hf_\u0000", '{"token":\t"hf"}'])(
  "%j is refused by where it stands, without what it is",
  (value) => {
    const path = tokenFile("token");
    writeFileSync(path, value);
    for (const [env, origin] of [
      [{ HF_TOKEN: value }, "HF_TOKEN"],
      [{ HF_TOKEN_PATH: path }, path],
    ] as const) {
      let thrown: unknown = null;
      try {
        findHubToken(env);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toMatchObject({ code: "hub_token_invalid", params: { origin } });
      expect(String(thrown)).not.toContain("hf_");
    }
  },
);

test("no file, or an empty one, is no token", () => {
  const empty = tokenFile("token");
  writeFileSync(empty, "\n");
  expect(findHubToken({ HF_HOME: dirname(empty) })).toBeNull();
  expect(findHubToken({ HF_HOME: join(dirname(empty), "absent") })).toBeNull();
});
