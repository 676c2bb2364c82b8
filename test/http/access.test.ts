/** Who may do what, how often, and over which connection. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as tlsConnect } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { ROUTES } from "../../src/server/routes.ts";
import { selfSignedCertificate } from "../support/self-signed-certificate.ts";
import { FakeEngine } from "./support/fake-engine.ts";
import { scriptedServer, serverOptions, testServer } from "./support/test-server.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-access-"));
afterAll(() => rmSync(folder, { recursive: true }));

const digest = (key: string): string => createHash("sha256").update(key).digest("hex");
const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });
const CHAT = "/v1/chat/completions";
const chat = { messages: [{ role: "user", content: "Hi" }] };

/** A server with a key, to be made with `options`. */
const making = (options: object) => (): unknown => testServer(new FakeEngine(), options, { TURNWISE_API_KEY: "user" });

function keyFile(entries: Readonly<Record<string, object>>): string {
  const path = join(folder, `${Math.random()}.json`);
  const hashed = Object.entries(entries).map(([key, entry]) => [digest(key), entry] as const);
  writeFileSync(path, JSON.stringify(Object.fromEntries(hashed)));
  return path;
}

describe("limits a minute", () => {
  it("refuse what comes too often with 429, when to come again, and what is left", async () => {
    const apiKeyFile = keyFile({
      a: { tenant: "t", limits: { requests_per_minute: 2 } },
      b: { tenant: "t" },
    });
    const { post, get } = scriptedServer({}, { apiKeyFile });
    const answers: Response[] = [];
    for (let count = 0; count < 3; count += 1) answers.push(await post(CHAT, chat, bearer("a")));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    const left = answers.map(({ headers }) => headers.get("x-ratelimit-remaining-requests"));
    expect(left).toEqual(["1", "0", "0"]);
    expect(answers[2]?.headers.get("x-ratelimit-limit-requests")).toBe("2");
    expect(Number(answers[2]?.headers.get("retry-after"))).toBeGreaterThan(25);
    expect(await answers[2]?.json()).toMatchObject({
      error: { type: "rate_limit_error", code: "rate_limit_exceeded" },
    });
    // Another key of the tenant has its own count; reading asks nothing of the model.
    expect((await post(CHAT, chat, bearer("b"))).headers.has("x-ratelimit-limit-requests")).toBe(false);
    expect((await get("/v1/models", bearer("a"))).status).toBe(200);
    const message = { ...chat, model: "fake-1b", max_tokens: 9 };
    const refused = await post("/v1/messages", message, { "x-api-key": "a" });
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ type: "error", error: { type: "rate_limit_error" } });
    expect(refused.headers.get("anthropic-ratelimit-requests-remaining")).toBe("0");
  });

  it("count the tokens of prompts and answers, whole or streamed", async () => {
    const apiKeyFile = keyFile({ a: { tenant: "t", limits: { tokens_per_minute: 1000 } } });
    const { post } = scriptedServer({}, { apiKeyFile });
    const whole = await post(CHAT, chat, bearer("a"));
    const { usage } = (await whole.json()) as { usage: { total_tokens: number } };
    const stream = await post(CHAT, { ...chat, stream: true }, bearer("a"));
    await stream.text();
    const after = await post("/tokenize", { prompt: "x" }, bearer("a"));
    const left = Number(after.headers.get("x-ratelimit-remaining-tokens"));
    // What has been made up meanwhile: 17 a second.
    expect(left).toBeGreaterThanOrEqual(1000 - 2 * usage.total_tokens);
    expect(left).toBeLessThan(1000 - 2 * usage.total_tokens + 100);
    const long = { prompt: "x".repeat(1500), max_tokens: 1 };
    expect((await post("/v1/completions", long, bearer("a"))).status).toBe(200);
    const refused = await post(CHAT, chat, bearer("a"));
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining("1000 tokens a minute") } });
  });

  it("leave what was refused for too many at once uncounted", async () => {
    const apiKeyFile = keyFile({ a: { tenant: "t", limits: { requests_per_minute: 2, max_requests: 1 } } });
    const { post } = scriptedServer({ endless: true, tokenMs: 5 }, { apiKeyFile });
    const running = await post(CHAT, { ...chat, stream: true }, bearer("a"));
    const refused = await post(CHAT, chat, bearer("a"));
    expect([running, refused].map(({ status }) => status)).toEqual([200, 429]);
    expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("1");
    await running.body?.cancel();
  });

  it("outlive a reload of the keys, with what was used", async () => {
    const apiKeyFile = keyFile({ a: { tenant: "t", limits: { requests_per_minute: 2 } } });
    const { post, server } = scriptedServer({}, { apiKeyFile });
    await post(CHAT, chat, bearer("a"));
    server.reload(serverOptions({ apiKeyFile }));
    const next = await post(CHAT, chat, bearer("a"));
    expect(next.headers.get("x-ratelimit-remaining-requests")).toBe("0");
  });
});

describe("a key", () => {
  it("is named in the lines of its requests, as its tenant is", async () => {
    const apiKeyFile = keyFile({ a: { tenant: "team", name: "ci" }, b: { tenant: "team" } });
    const { post, get, logs } = scriptedServer({}, { apiKeyFile });
    for (const key of ["a", "b", "nobody"]) await post(CHAT, chat, bearer(key));
    await get("/health");
    expect(logs.map(({ tenant, key }) => [tenant, key])).toEqual([
      ["team", "ci"],
      ["team", undefined],
      [undefined, undefined],
      [undefined, undefined],
    ]);
    const open = scriptedServer();
    await open.post(CHAT, chat);
    expect(open.logs).toMatchObject([{ status: 200 }]);
    expect(open.logs[0]).not.toHaveProperty("tenant");
  });

  it("that has all the sessions that it may is not told to try again", async () => {
    const apiKeyFile = keyFile({ a: { tenant: "t", limits: { max_sessions: 1 } } });
    const { post } = scriptedServer({}, { apiKeyFile });
    expect((await post("/v1/sessions", {}, bearer("a"))).status).toBe(200);
    const { status, headers } = await post("/v1/sessions", {}, bearer("a"));
    expect([status, headers.get("retry-after"), headers.get("x-should-retry")]).toEqual([429, null, "false"]);
  });

  it.each(ROUTES.map(({ method, path, access }) => ({ method, path, access })))(
    "opens $method $path in either header",
    async ({ method, path, access }) => {
      const apiKeyFile = keyFile({ boss: { tenant: "ops", admin: true } });
      const statusWith = async (headers: Readonly<Record<string, string>>): Promise<number> => {
        const { server } = scriptedServer({}, { apiKeyFile });
        const given = { "content-type": "application/json", ...headers };
        const body = method === "POST" ? "{}" : null;
        return (await server.app.request(path.replace(/:id(\{.*?\})?/, "x"), { method, headers: given, body })).status;
      };
      const known = await statusWith(bearer("boss"));
      expect([401, 403]).not.toContain(known);
      expect(await statusWith({ "x-api-key": "boss" })).toBe(known);
      const without = access === "anyone" ? known : 401;
      for (const headers of [{}, bearer("nobody"), { "x-api-key": "nobody" }])
        expect(await statusWith(headers)).toBe(without);
    },
  );
});

describe("the operator's routes", () => {
  const apiKeyFile = keyFile({ user: { tenant: "t" }, boss: { tenant: "ops", admin: true } });

  it("need an admin key where there are keys", async () => {
    const { get, post } = testServer(new FakeEngine(), { apiKeyFile }, { TURNWISE_ADMIN_KEY: "extra" });
    for (const [key, status] of [
      ["user", 403],
      ["boss", 200],
      ["extra", 200],
      ["nobody", 401],
    ] as const) {
      expect((await get("/metrics", bearer(key))).status).toBe(status);
      expect((await get("/admin/tenants", { "x-api-key": key })).status).toBe(status);
    }
    const refused = await post("/drain", "", bearer("user"));
    expect(await refused.json()).toMatchObject({ error: { code: "admin_key_required" } });
    expect((await get("/ready")).status).toBe(200);
  });

  it("are open without keys to programs on this machine, not to web pages or by a proxy", async () => {
    const { get } = scriptedServer();
    expect((await get("/metrics")).status).toBe(200);
    for (const header of ["origin", "x-forwarded-for", "via"]) {
      expect((await get("/metrics", { [header]: "x" })).status).toBe(403);
    }
    const open = scriptedServer({}, { host: "0.0.0.0", insecure: true });
    expect((await open.get("/metrics")).status).toBe(403);
  });

  it("list what each tenant has", async () => {
    const { get, post } = testServer(new FakeEngine(), { apiKeyFile });
    await post("/v1/sessions", {}, bearer("user"));
    await post("/v1/responses", { input: "Hi" }, bearer("user"));
    const { data } = (await (await get("/admin/tenants", bearer("boss"))).json()) as {
      data: Record<string, unknown>[];
    };
    expect(data).toEqual([
      { tenant: "ops", requests_in_progress: 1, sessions: 0, stored_response_bytes: 0 },
      { tenant: "t", requests_in_progress: 0, sessions: 1, stored_response_bytes: expect.any(Number) },
    ]);
    expect(data[1]?.["stored_response_bytes"]).toBeGreaterThan(100);
  });

  it("have an address of their own with --admin-listen, and the API none there", async () => {
    const { server } = testServer(new FakeEngine(), { apiKeyFile, adminListen: "0" });
    const { url, adminUrl } = await server.listen();
    expect((await fetch(`${adminUrl}/metrics`)).status).toBe(200);
    expect((await fetch(`${adminUrl}/ready`)).status).toBe(200);
    expect((await fetch(`${adminUrl}/v1/models`)).status).toBe(404);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const page = { method: "POST", headers: { origin: "https://example.org" } };
    expect((await fetch(`${adminUrl}/drain`, page)).status).toBe(403);
    expect((await fetch(`${adminUrl}/drain`, { method: "POST" })).status).toBe(202);
    await server.ended;
    await expect(fetch(`${url}/ready`)).rejects.toThrow("fetch failed");
  });

  it("are not put where others reach them without an admin key", () => {
    const invalid = expect.objectContaining({ code: "invalid_option" });
    for (const address of ["0.0.0.0:0", "[::]:0", "example.org:1", "", "x", "127.0.0.1", "99999"])
      expect(making({ adminListen: address })).toThrow(invalid);
    expect(making({ adminListen: "127.0.0.1:0" })).not.toThrow();
  });
});

describe("the Host header", () => {
  const here = ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.0.0.2", "[::1]:8080", "[::1]"];
  const elsewhere = ["evil.example", "evil.example:8080", "localhost.evil.example", "0.0.0.0", ""];
  const paths = ["/v1/models", "/metrics"];

  it("of a request that needs no key names this machine", async () => {
    for (const { get } of [scriptedServer(), testServer(new FakeEngine(), {}, { TURNWISE_ADMIN_KEY: "boss" })]) {
      for (const host of here) expect((await get("/v1/models", { host })).status).toBe(200);
      for (const host of elsewhere) {
        for (const path of paths) {
          const refused = await get(path, { host });
          expect({ host, status: refused.status }).toEqual({ host, status: 403 });
          expect(await refused.json()).toMatchObject({ error: { code: "host_refused" } });
        }
        expect((await get("/ready", { host })).status).toBe(200);
      }
    }
  });

  it("may be a name that a proxy passes on, if the server was told it or has keys", async () => {
    const host = "ai.example.org";
    const told = scriptedServer({}, { allowHost: "other.example, AI.example.org" });
    expect((await told.get("/v1/models", { host: `${host}:443` })).status).toBe(200);
    expect((await told.get("/v1/models", { host: "evil.example" })).status).toBe(403);
    const keyed = testServer(new FakeEngine(), {}, { TURNWISE_API_KEY: "user", TURNWISE_ADMIN_KEY: "boss" });
    expect((await keyed.get("/v1/models", { host, ...bearer("user") })).status).toBe(200);
    expect((await keyed.get("/metrics", { host, ...bearer("boss") })).status).toBe(200);
    const open = scriptedServer({}, { host: "0.0.0.0", insecure: true });
    expect((await open.get("/v1/models", { host })).status).toBe(200);
  });

  it("is looked at on the operator's own address, too, whatever keys there are", async () => {
    const { server } = testServer(new FakeEngine(), { adminListen: "0" }, { TURNWISE_API_KEY: "user" });
    const { adminUrl } = await server.listen();
    expect(await statusOf(`${adminUrl}/metrics`, {})).toBe(200);
    expect(await statusOf(`${adminUrl}/metrics`, { host: "evil.example" })).toBe(403);
    expect(await statusOf(`${adminUrl}/admin/tenants`, { host: "evil.example" })).toBe(403);
    await server.close();
  });
});

/** `fetch` does not let the Host be chosen. */
function statusOf(url: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers, agent: false }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
    });
    request.once("error", reject);
    request.end();
  });
}

describe("TLS", () => {
  it("is answered with the files' certificate, and with the new one after a reload", async () => {
    const [first, second] = [selfSignedCertificate(), selfSignedCertificate()];
    const files = { tlsCert: join(folder, "cert.pem"), tlsKey: join(folder, "key.pem") };
    const write = ({ cert, key }: typeof first): void => {
      writeFileSync(files.tlsCert, cert);
      writeFileSync(files.tlsKey, key);
    };
    write(first);
    const { server } = testServer(new FakeEngine(), files);
    const { url, port } = await server.listen();
    expect(url).toMatch(/^https:/);
    const opened = tlsConnect({ port, host: "127.0.0.1", ca: first.cert });
    expect(await getOverTls(`${url}/ready`, first.cert)).toBe(200);
    await expect(getOverTls(`${url}/ready`, second.cert)).rejects.toThrow("self-signed certificate");
    await expect(fetch(`http://127.0.0.1:${port}/ready`)).rejects.toThrow("fetch failed");
    write(second);
    server.reload(serverOptions(files));
    expect(await getOverTls(`${url}/ready`, second.cert)).toBe(200);
    // Files that do not belong together change nothing.
    writeFileSync(files.tlsKey, first.key);
    expect(() => server.reload(serverOptions(files))).toThrow(expect.objectContaining({ code: "invalid_option" }));
    expect(await getOverTls(`${url}/ready`, second.cert)).toBe(200);
    await server.close();
    opened.destroy();
  });

  it("names what is wrong with the files, and nothing that is in them", () => {
    const cert = join(folder, "broken.pem");
    writeFileSync(cert, "-----BEGIN PRIVATE KEY-----\nplanted\n-----END PRIVATE KEY-----\n");
    expect(making({ tlsCert: cert })).toThrow("needs --tls-key");
    expect(making({ tlsKey: cert })).toThrow("needs --tls-cert");
    expect(making({ tlsCert: cert, tlsKey: cert })).toThrow(/are no certificate with its key/);
    expect(making({ tlsCert: cert, tlsKey: cert })).not.toThrow(/planted/);
    expect(making({ tlsCert: cert, tlsKey: join(folder, "none") })).toThrow(
      expect.objectContaining({ code: "file_unreadable" }),
    );
  });
});

function getOverTls(url: string, ca: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, { ca, agent: false }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode));
    });
    request.once("error", reject);
    request.end();
  });
}

describe("CORS", () => {
  it("is off unless origins are named", async () => {
    const origin = { origin: "https://app.example" };
    const off = await scriptedServer().get("/v1/models", origin);
    expect(off.headers.get("access-control-allow-origin")).toBeNull();
    const on = scriptedServer({}, { corsOrigin: "https://app.example" });
    expect((await on.get("/v1/models", origin)).headers.get("access-control-allow-origin")).toBe(origin.origin);
    const other = await on.get("/v1/models", { origin: "https://other.example" });
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("files and addresses in requests", () => {
  const url = "https://example.org/x.png";
  it.each([
    [CHAT, { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] }],
    [CHAT, { messages: [{ role: "user", content: [{ type: "file", file: { file_id: "f" } }] }] }],
    [CHAT, { messages: [{ role: "user", content: [{ type: "input_audio", input_audio: { data: "" } }] }] }],
    [CHAT, { ...chat, chat_template: "/etc/passwd" }],
    ["/v1/responses", { input: [{ role: "user", content: [{ type: "input_image", image_url: url }] }] }],
    ["/v1/responses", { input: [{ role: "user", content: [{ type: "input_file", file_url: url }] }] }],
    ["/v1/responses", { input: "Hi", tools: [{ type: "mcp", server_url: url }] }],
    ["/v1/messages", { messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url } }] }] }],
    ["/v1/messages", { messages: [{ role: "user", content: [{ type: "document", source: { type: "url", url } }] }] }],
    ["/v1/messages", { ...chat, mcp_servers: [{ type: "url", url, name: "x" }] }],
  ])("%s refuses %j", async (path, body) => {
    const { post, engine } = scriptedServer();
    const needed = path === "/v1/messages" ? { model: "fake-1b", max_tokens: 9 } : {};
    const response = await post(path, { ...needed, ...body });
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toMatch(/not supported/);
    expect(engine.requests).toEqual([]);
  });
});
