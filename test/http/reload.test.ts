/** Settings that change while the server runs. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readEvents, scriptedServer, serverOptions } from "./support/test-server.ts";

const keyFile = join(mkdtempSync(join(tmpdir(), "turnwise-reload-")), "keys");
const writeKeys = (...keys: string[]): void => writeFileSync(keyFile, keys.join("\n"));
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

test("keys, limits and the log level are swapped; a running stream goes on", async () => {
  writeKeys("old");
  const { server, post, get, logs } = scriptedServer({}, { apiKeyFile: keyFile });
  const stream = await post("/v1/completions", { prompt: "x", stream: true }, bearer("old"));
  writeKeys("new");
  const changed = serverOptions({ apiKeyFile: keyFile, maxBody: 64, logLevel: "warn", port: 0 });
  expect(server.reload(changed)).toEqual([]);
  expect((await readEvents(stream)).at(-1)).toBe("[DONE]");
  expect((await get("/v1/models", bearer("old"))).status).toBe(401);
  expect((await get("/v1/models", bearer("new"))).status).toBe(200);
  const long = await post("/v1/completions", { prompt: "x".repeat(100) }, bearer("new"));
  expect(long.status).toBe(413);
  const lines = logs.length;
  await get("/v1/models", bearer("new"));
  expect(logs.length).toBe(lines);
});

test("a key file that holds keys as they are is warned of, and one of hashes is not", () => {
  const warnings = (keys: readonly string[]): readonly object[] => {
    writeKeys(...keys);
    return scriptedServer({}, { apiKeyFile: keyFile }).logs.filter(({ level }) => level === "warn");
  };
  expect(warnings(["old", "new"])).toMatchObject([{ keys: 2, file: keyFile }]);
  expect(JSON.stringify(warnings(["old-key"]))).not.toContain("old-key");
  expect(warnings([`sha256:${"a".repeat(64)}`])).toEqual([]);
});

test("what needs a restart stays, and is named", async () => {
  const { server, get } = scriptedServer({}, { alias: "first" });
  expect(server.reload(serverOptions({ alias: "second", host: "127.0.0.2" }))).toEqual(["host", "alias"]);
  expect(await (await get("/v1/models")).json()).toMatchObject({ data: [{ id: "first" }] });
});

test("settings that are wrong change nothing", async () => {
  writeKeys("old");
  const { server, get } = scriptedServer({}, { apiKeyFile: keyFile });
  writeKeys("# none");
  expect(() => server.reload(serverOptions({ apiKeyFile: keyFile, maxBody: 1 }))).toThrow("holds no key");
  expect((await get("/v1/models", bearer("old"))).status).toBe(200);
});

test("the keys of an open server cannot all be taken away", () => {
  writeKeys("old");
  const { server } = scriptedServer({}, { apiKeyFile: keyFile, host: "0.0.0.0" });
  expect(() => server.reload(serverOptions({ host: "0.0.0.0" }))).toThrow("without an API key");
});
