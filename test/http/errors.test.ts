import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import { createServer } from "../../src/server/create-server.ts";
import { FakeEngine } from "./support/fake-engine.ts";
import { scriptedServer, serverOptions, testServer, until } from "./support/test-server.ts";

const CHAT = "/v1/chat/completions";
const chat = { messages: [{ role: "user", content: "Hi" }] };

/** Arrays inside a field, `depth` deep with the object around them. */
const nested = (depth: number): string => `{"messages":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;

describe("bodies", () => {
  it.each([
    ["{", "the end is missing"],
    ['{"messages": [}', "a bracket is wrong"],
    ["", "nothing is there"],
  ])("that are not JSON are refused: %j (%s)", async (body) => {
    const response = await scriptedServer().post(CHAT, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "invalid_json", type: "invalid_request_error" } });
  });

  it("that are not JSON are not quoted", async () => {
    for (const [body, problem] of [
      ['{"messages": planted}', "out of place"],
      ['{"messages": "planted", planted}', "at character 24"],
      ['{"messages": "planted', "at character 21"],
      ['{"messages": ', "too early"],
    ] as const) {
      const text = await (await scriptedServer().post(CHAT, body)).text();
      expect(text).toContain(problem);
      expect(text).not.toContain("planted");
    }
  });

  it.each([["[]"], ["null"], ['"text"'], ["5"]])("that are no object are refused: %s", async (body) => {
    const response = await scriptedServer().post(CHAT, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "request_invalid", param: "body" } });
  });

  it("that are not UTF-8 are refused", async () => {
    const { server } = scriptedServer();
    const body = Uint8Array.of(0x22, 0xff, 0x22);
    const headers = { "content-type": "application/json" };
    const response = await server.app.request(CHAT, { method: "POST", body, headers });
    expect(await response.json()).toMatchObject({ error: { code: "invalid_json" } });
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx", ""])(
    "of another type are refused: %j",
    async (type) => {
      const response = await scriptedServer().post(CHAT, chat, { "content-type": type });
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ error: { code: "unsupported_media_type" } });
    },
  );

  it.each(["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"])(
    "of JSON by any spelling are taken: %s",
    async (type) => {
      expect((await scriptedServer().post(CHAT, chat, { "content-type": type })).status).toBe(200);
    },
  );

  it("that are compressed are refused", async () => {
    const response = await scriptedServer().post(CHAT, chat, { "content-encoding": "gzip" });
    expect(response.status).toBe(415);
  });

  it("over the limit are refused by their declared and by their real length", async () => {
    const { post, server, engine } = scriptedServer({}, { maxBody: 1000 });
    const declared = await post(CHAT, "{}", { "content-length": "1001" });
    expect(declared.status).toBe(413);
    const chunk = new TextEncoder().encode(" ".repeat(400));
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    const headers = { "content-type": "application/json" };
    const real = await server.app.request(CHAT, { method: "POST", body, headers, duplex: "half" } as RequestInit);
    expect(real.status).toBe(413);
    expect(await real.json()).toMatchObject({
      error: { code: "body_too_large", message: expect.stringContaining("1000") },
    });
    expect((await post(CHAT, { ...chat, pad: "x".repeat(900) })).status).toBe(200);
    expect(engine.requests).toHaveLength(1);
  });

  it("that nest too deep or hold too many values are refused; brackets in strings do not count", async () => {
    const { post } = scriptedServer();
    expect(await (await post(CHAT, nested(129))).json()).toMatchObject({ error: { code: "invalid_json" } });
    expect(await (await post(CHAT, nested(128))).json()).toMatchObject({ error: { code: "request_invalid" } });
    const wide = `{"metadata":[${"1,".repeat(300_000)}1]}`;
    expect(await (await post(CHAT, wide)).json()).toMatchObject({ error: { code: "invalid_json" } });
    const text = `${"[{,".repeat(200_000)}\\" \\\\`;
    const quoted = { messages: [{ role: "user", content: text }], max_tokens: 1 };
    expect(await (await post(CHAT, quoted)).json()).toMatchObject({ error: { code: "context_length_exceeded" } });
  });

  it("with a __proto__ field change nothing", async () => {
    const response = await scriptedServer().post(
      CHAT,
      `{"__proto__":{"n":5},"messages":[{"role":"user","content":"Hi"}]}`,
    );
    expect(await response.json()).toMatchObject({ choices: [{ index: 0 }], turnwise: { ignored: ["__proto__"] } });
  });
});

describe("routes", () => {
  it("that do not exist answer 404 in the same shape", async () => {
    const { get, post } = scriptedServer();
    for (const response of [await get("/nothing"), await get("/v1/chat"), await post("/v1/chat/completions/", chat)]) {
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        error: { code: "route_not_found", type: "invalid_request_error" },
      });
    }
  });

  it("with another method answer 405 with the right one", async () => {
    const { get, post, server } = scriptedServer();
    const wrong = await get(CHAT);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("POST");
    expect(await wrong.json()).toMatchObject({ error: { code: "method_not_allowed" } });
    const models = await post("/v1/models", {});
    expect([models.status, models.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect((await server.app.request("/health", { method: "HEAD" })).status).toBe(200);
  });
});

const create =
  (overrides: object, env: Record<string, string> = {}) =>
  () =>
    createServer(new FakeEngine(), serverOptions({ logLevel: "silent", ...overrides }), { env });

describe("API keys", () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-http-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const apiKeyFile = join(folder, "keys");
  writeFileSync(apiKeyFile, "# ours\nalpha\nbeta\n");

  it("are asked for on every route but the open ones", async () => {
    const { get, post } = testServer(new FakeEngine(), { apiKeyFile }, { TURNWISE_API_KEY: "gamma" });
    for (const key of ["alpha", "beta", "gamma"])
      expect((await post(CHAT, chat, { authorization: `Bearer ${key}` })).status).toBe(200);
    for (const authorization of ["", "Bearer wrong", "Bearer alphabeta"]) {
      const response = await post(CHAT, chat, { authorization });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      expect(await response.json()).toMatchObject({ error: { code: "invalid_api_key" } });
    }
    for (const path of ["/v1/models", "/v1/models/fake-1b", "/metrics"]) expect((await get(path)).status).toBe(401);
    for (const path of ["/tokenize", "/detokenize", "/v1/completions"]) expect((await post(path, {})).status).toBe(401);
    for (const path of ["/health", "/ready"]) expect((await get(path)).status).toBe(200);
  });

  it("are required beyond this machine", () => {
    const refused = expect.objectContaining({ code: "unsafe_binding" });
    expect(create({ host: "0.0.0.0" })).toThrow(refused);
    for (const allowed of [create({ host: "0.0.0.0", apiKeyFile }), create({ host: "0.0.0.0", insecure: true })])
      expect(allowed).not.toThrow();
    expect(create({ host: "::" }, { TURNWISE_API_KEY: "k" })).not.toThrow();
  });
});

describe("request ids", () => {
  it("are taken or made, on every answer and log line", async () => {
    const { get, post, logs } = scriptedServer();
    const headers = { "x-request-id": "trace-1" };
    const answers = [
      await post(CHAT, chat, headers),
      await post(CHAT, "{", headers),
      await get("/nowhere", headers),
      await post(CHAT, { ...chat, stream: true }, headers),
    ];
    expect(answers.map((answer) => answer.headers.get("x-request-id"))).toEqual(Array(4).fill("trace-1"));
    await answers[3]?.text();
    expect(logs.map(({ id }) => id)).toEqual(Array(4).fill("trace-1"));
    const made = (await get("/health", { "x-request-id": "x".repeat(129) })).headers.get("x-request-id");
    expect(made).toMatch(/^req-/);
    expect(logs[4]).toMatchObject({ id: made });
  });
});

describe("the log", () => {
  it("has one line a request, with its tokens and times", async () => {
    const { post, logs } = scriptedServer();
    await (await post(CHAT, { ...chat, stream: true })).text();
    expect(logs).toEqual([
      {
        level: "info",
        time: expect.any(String),
        id: expect.any(String),
        method: "POST",
        route: CHAT,
        status: 200,
        promptTokens: 11,
        outputTokens: 4,
        cachedTokens: 0,
        queueMs: 1,
        prefillMs: 2,
        decodeMs: 3,
        totalMs: expect.any(Number),
        msg: "request",
      },
    ]);
  });

  it("holds no prompt, output or key, whatever goes wrong", async () => {
    const { post, logs } = testServer(
      new FakeEngine({ text: "output-marker" }),
      {},
      { TURNWISE_API_KEY: "key-marker" },
    );
    const auth = { authorization: "Bearer key-marker" };
    const messages = [{ role: "user", content: "prompt-marker" }];
    await post(CHAT, { messages }, auth);
    await (await post(CHAT, { messages, stream: true }, auth)).text();
    await post(CHAT, { messages, "field-marker": 1 }, auth);
    await post(CHAT, { messages, temperature: "value-marker" }, auth);
    await post(CHAT, '{"prompt-marker', auth);
    await post(CHAT, { messages }, { authorization: "Bearer wrong-key-marker" });
    await post("/prompt-marker", {}, auth);
    expect(logs).toHaveLength(7);
    expect(JSON.stringify(logs)).not.toContain("marker");
  });

  it("holds prompts and outputs with --log-prompts", async () => {
    const { post, logs } = scriptedServer({ text: "output-marker" }, { logPrompts: true });
    await post(CHAT, { messages: [{ role: "user", content: "prompt-marker" }] });
    await post("/v1/completions", { prompt: [72, 105] });
    expect(logs.filter(({ msg }) => msg === "content")).toMatchObject([
      { prompt: expect.stringContaining("prompt-marker"), outputs: ["output-marker"] },
      { prompt: [72, 105], outputs: ["output-marker"] },
    ]);
  });

  it("has the kind and the place of a failure that the client is not told, its text only with --log-prompts", async () => {
    const engine = new FakeEngine();
    engine.renderChat = () => Promise.reject(new TypeError("bug-marker\nin two lines"));
    for (const logPrompts of [false, true]) {
      const { post, logs } = testServer(engine, { logPrompts });
      const response = await post(CHAT, chat);
      expect(response.status).toBe(500);
      expect(await response.text()).not.toContain("bug-marker");
      expect(logs).toMatchObject([
        {
          level: "error",
          error: "invariant_violated",
          reason: expect.stringMatching(logPrompts ? /bug-marker/ : /^TypeError$/),
          stack: expect.stringMatching(/ +at .*errors\.test\.ts/),
        },
      ]);
      expect(JSON.stringify(logs).includes("marker")).toBe(logPrompts);
    }
  });
});

describe("load", () => {
  it("over the queue's limit is refused with when to come back", async () => {
    const { post, engine } = scriptedServer({ capacity: 1, endless: true, tokenMs: 5 });
    const first = await post(CHAT, { ...chat, stream: true });
    const second = await post(CHAT, { ...chat, stream: true });
    expect(second.status).toBe(429);
    expect(second.headers.get("retry-after")).toBe("3");
    expect(await second.json()).toMatchObject({ error: { code: "queue_full", type: "rate_limit_error" } });
    await first.body?.cancel();
    await until(() => engine.running === 0, "the first to end");
  });

  it("that could never fit is the request's fault", async () => {
    const engine = new FakeEngine();
    const hint = { what: "It", neededBytes: 2, availableBytes: 1, hint: "" };
    engine.submit = () => Promise.reject(turnwiseError("memory_insufficient", hint));
    expect((await testServer(engine).post(CHAT, chat)).status).toBe(400);
  });
});

describe("cancellation", () => {
  it.each([{ stream: true }, { stream: false }])("by the client's signal ends the generation: %j", async (fields) => {
    const { server, engine, logs } = scriptedServer({ endless: true, tokenMs: 5 });
    const client = new AbortController();
    const init = {
      method: "POST",
      body: JSON.stringify({ ...chat, ...fields }),
      headers: { "content-type": "application/json" },
      signal: client.signal,
    };
    const pending = server.app.request(new Request(`http://localhost${CHAT}`, init));
    await until(() => engine.tokensMade > 2, "tokens");
    client.abort();
    await (await pending).text();
    expect(engine).toMatchObject({ running: 0, cancelled: 1 });
    expect(logs).toMatchObject([{ status: 499, error: "cancelled", promptTokens: 11 }]);
  });

  it("of a stream's body ends the generation", async () => {
    const { post, engine, logs } = scriptedServer({ endless: true, tokenMs: 5 });
    const response = await post(CHAT, { ...chat, stream: true });
    await response.body?.cancel();
    await until(() => engine.running === 0, "the generation to end");
    expect(engine.cancelled).toBe(1);
    await until(() => logs.length === 1, "the log line");
    expect(logs).toMatchObject([{ status: 499, error: "cancelled" }]);
  });

  it("by the request timeout is a 504, or an event in a stream", async () => {
    const { post, engine } = scriptedServer({ endless: true, tokenMs: 5 }, { requestTimeout: 60 });
    const whole = await post(CHAT, chat);
    expect(whole.status).toBe(504);
    expect(await whole.json()).toMatchObject({
      error: { code: "request_timeout", message: expect.stringContaining("60") },
    });
    const text = await (await post(CHAT, { ...chat, stream: true })).text();
    expect(text).toMatch(/"code":"request_timeout"\}\}\n\ndata: \[DONE\]\n\n$/);
    expect(engine.running).toBe(0);
  });
});

describe("CORS", () => {
  const preflight = {
    method: "OPTIONS",
    headers: { origin: "https://app.example", "access-control-request-method": "POST" },
  };

  it("is off by default", async () => {
    const { server, get } = scriptedServer();
    expect((await server.app.request(CHAT, preflight)).status).toBe(405);
    expect(
      (await get("/health", { origin: "https://app.example" })).headers.get("access-control-allow-origin"),
    ).toBeNull();
  });

  it("lets the named origins call, without a key for the preflight", async () => {
    const overrides = { corsOrigin: "https://app.example, https://b.example" };
    const { server, get } = testServer(new FakeEngine(), overrides, { TURNWISE_API_KEY: "k" });
    const response = await server.app.request(CHAT, preflight);
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(
      (await get("/health", { origin: "https://evil.example" })).headers.get("access-control-allow-origin"),
    ).toBeNull();
  });
});
