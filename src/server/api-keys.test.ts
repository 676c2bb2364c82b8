import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadApiKeys } from "./api-keys.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

function keyFile(text: string): string {
  const path = join(folder, `${Math.random()}.txt`);
  writeFileSync(path, text);
  return path;
}

describe("loadApiKeys", () => {
  it("requires nothing without keys", () => {
    const keys = loadApiKeys(null, undefined);
    expect(keys.required).toBe(false);
    expect(() => keys.identify(undefined)).not.toThrow();
    expect(loadApiKeys(null, "  ").required).toBe(false);
  });

  it("takes every key of the file and the single one, and skips comments", () => {
    const keys = loadApiKeys(keyFile("# team a\nalpha\r\n\n  beta  \n#gamma\n"), "delta");
    for (const key of ["alpha", "beta", "delta"]) expect(() => keys.identify(`Bearer ${key}`)).not.toThrow();
    expect(() => keys.identify("bearer alpha")).not.toThrow();
    for (const wrong of [
      undefined,
      "",
      "Bearer",
      "Bearer gamma",
      "Bearer #gamma",
      "Bearer alph",
      "alpha",
      "Basic alpha",
    ])
      expect(() => keys.identify(wrong)).toThrow(expect.objectContaining({ code: "invalid_api_key" }));
  });

  it("refuses a file without keys, with a key that no header can carry, or that cannot be read", () => {
    const invalid = expect.objectContaining({ code: "invalid_option" });
    expect(() => loadApiKeys(keyFile("# none\n"), undefined)).toThrow(invalid);
    expect(() => loadApiKeys(keyFile("two words\n"), undefined)).toThrow(invalid);
    const unreadable = expect.objectContaining({ code: "file_unreadable" });
    expect(() => loadApiKeys(join(folder, "absent"), undefined)).toThrow(unreadable);
  });
});
