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

test("no file, or an empty one, is no token", () => {
  const empty = tokenFile("token");
  writeFileSync(empty, "\n");
  expect(findHubToken({ HF_HOME: dirname(empty) })).toBeNull();
  expect(findHubToken({ HF_HOME: join(dirname(empty), "absent") })).toBeNull();
});
