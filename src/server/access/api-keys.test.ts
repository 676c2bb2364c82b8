import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DEFAULT_TENANT, type Tenant } from "../tenant.ts";
import { ApiKeys, type KeySources, loadApiKeys } from "./api-keys.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

function keyFile(text: string): string {
  const path = join(folder, `${Math.random()}.txt`);
  writeFileSync(path, text);
  return path;
}

function keysOf(file: string | null, single?: string, more: Partial<KeySources> = {}): ApiKeys {
  const keys = new ApiKeys();
  keys.take(loadApiKeys({ file, single, admin: undefined, local: true, ...more }));
  return keys;
}

const identify = (keys: ApiKeys, authorization: string | undefined): Tenant =>
  keys.identify({ authorization, xApiKey: undefined }).tenant;

/** SHA-256 of "alpha" and "beta", by sha256sum. */
const ALPHA = "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8";
const BETA = "f44e64e75f3948e9f73f8dfa94721c4ce8cbb4f265c4790c702b2d41cfbf2753";

describe("loadApiKeys", () => {
  it("requires nothing without keys", () => {
    const keys = keysOf(null, undefined);
    expect(keys.required).toBe(false);
    expect(() => identify(keys, undefined)).not.toThrow();
    expect(keysOf(null, "  ").required).toBe(false);
  });

  it("takes every key of the file and the single one, and skips comments", () => {
    const keys = keysOf(keyFile("# team a\nalpha\r\n\n  beta  \n#gamma\n"), "delta");
    for (const key of ["alpha", "beta", "delta"]) expect(() => identify(keys, `Bearer ${key}`)).not.toThrow();
    expect(() => identify(keys, "bearer alpha")).not.toThrow();
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
      expect(() => identify(keys, wrong)).toThrow(expect.objectContaining({ code: "invalid_api_key" }));
  });

  it("takes a line that is a key's hash, and knows which lines are keys as they are", () => {
    const keys = keysOf(keyFile(`sha256:${ALPHA}\nSHA256:${BETA.toUpperCase()}\ngamma\n`));
    for (const key of ["alpha", "beta", "gamma"]) expect(() => identify(keys, `Bearer ${key}`)).not.toThrow();
    const refused = expect.objectContaining({ code: "invalid_api_key" });
    for (const wrong of [`sha256:${ALPHA}`, ALPHA]) {
      expect(() => identify(keys, `Bearer ${wrong}`)).toThrow(refused);
    }
    const file = keyFile(`sha256:${ALPHA}\ngamma\n`);
    const { keys: loaded } = loadApiKeys({ file, single: "delta", admin: undefined, local: true });
    expect(loaded.map(({ exposed }) => exposed)).toEqual([false, true, false]);
  });

  it("refuses a file without keys, with a key that no header can carry, or that cannot be read", () => {
    const invalid = expect.objectContaining({ code: "invalid_option" });
    expect(() => keysOf(keyFile("# none\n"), undefined)).toThrow(invalid);
    expect(() => keysOf(keyFile("two words\n"), undefined)).toThrow(invalid);
    const unreadable = expect.objectContaining({ code: "file_unreadable" });
    expect(() => keysOf(join(folder, "absent"), undefined)).toThrow(unreadable);
  });

  it("knows the tenant of a key by its hash, in either header, until it expires", () => {
    const entries = {
      [ALPHA]: { tenant: "team", priority: 2, limits: { max_requests: 3, kv_share: 0.5 } },
      [BETA]: { tenant: "team", name: "old", expires: "2020-01-01T00:00:00Z" },
    };
    const keys = keysOf(keyFile(JSON.stringify(entries)), undefined);
    const team = { ...DEFAULT_TENANT, name: "team", priority: 2, kvShare: 0.5 };
    expect(identify(keys, "Bearer alpha")).toEqual(team);
    const byOtherHeader = keys.identify({ authorization: undefined, xApiKey: "alpha" });
    expect(byOtherHeader).toMatchObject({ tenant: team, key: ALPHA, maxRequests: 3 });
    expect(() => identify(keys, "Bearer beta")).toThrow(expect.objectContaining({ code: "invalid_api_key" }));
    expect(() => identify(keys, `Bearer ${ALPHA}`)).toThrow(expect.objectContaining({ code: "invalid_api_key" }));
  });

  it.each([
    ["not JSON", "{"],
    ["no keys", "{}"],
    ["a key instead of its hash", JSON.stringify({ alpha: { tenant: "a" } })],
    ["a misspelt field", JSON.stringify({ [ALPHA]: { tenant: "a", limit: {} } })],
    ["no requests a minute", JSON.stringify({ [ALPHA]: { tenant: "a", limits: { requests_per_minute: 0 } } })],
    ["a share above 1", JSON.stringify({ [ALPHA]: { tenant: "a", limits: { kv_share: 2 } } })],
  ])("refuses a JSON file with %s", (_, text) => {
    expect(() => keysOf(keyFile(text), undefined)).toThrow(expect.objectContaining({ code: "invalid_option" }));
  });

  it("makes an admin of a key that says so, and of nobody else where there are keys", () => {
    const file = keyFile(JSON.stringify({ [ALPHA]: { tenant: "a", admin: true }, [BETA]: { tenant: "b" } }));
    const keys = keysOf(file, "gamma", { admin: "delta" });
    const admin = (key: string): string => keys.identify({ authorization: undefined, xApiKey: key }).admin;
    expect(["alpha", "beta", "gamma", "delta"].map(admin)).toEqual(["yes", "no", "no", "yes"]);
    const none = { authorization: undefined, xApiKey: undefined };
    expect(keysOf(null).identify(none).admin).toBe("from-this-machine");
    expect(keysOf(null, undefined, { local: false }).identify(none).admin).toBe("no");
    expect(keysOf(null, undefined, { admin: "delta" }).identify(none).admin).toBe("no");
  });
});
