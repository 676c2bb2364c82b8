import { Agent, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { ServerOptions } from "../../src/server/options.ts";
import type { FakeScript } from "./support/fake-engine.ts";
import { connectRaw, rawPost } from "./support/raw-client.ts";
import { scriptedServer, serverOptions, until } from "./support/test-server.ts";

const CHAT = "/v1/chat/completions";
const chat = { messages: [{ role: "user", content: "Hi" }] };
const streamed = { ...chat, stream: true };

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function listening(script: Partial<FakeScript> = {}, overrides: Partial<ServerOptions> = {}) {
  const made = scriptedServer(script, overrides);
  const { url, port } = await made.server.listen();
  closers.push(() => made.server.close());
  const send = (body: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(url + CHAT, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
      ...init,
    });
  return { ...made, url, port, send };
}

describe("listen", () => {
  it("says where, and that a port is taken", async () => {
    const first = await listening();
    expect(first.url).toBe(`http://127.0.0.1:${first.port}`);
    expect(await (await fetch(`${first.url}/health`)).json()).toEqual({ status: "ok" });
    const { server } = scriptedServer();
    closers.push(() => server.close());
    await expect(server.listen(first.port)).rejects.toMatchObject({
      code: "port_unavailable",
      params: { port: first.port, reason: "another program uses this port." },
    });
    expect((await server.listen(0)).port).toBeGreaterThan(0);
  });

  it("keeps a connection for the next request", async () => {
    const { port } = await listening();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const get = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const call = httpRequest({ port, path: "/health", agent }, (response) => {
          response.resume().once("end", () => resolve(call.socket?.localPort));
        });
        call.once("error", reject).end();
      });
    const first = await get();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await get()).toBe(first);
    agent.destroy();
  });
});

describe("streams", () => {
  it("send headers at once and comments until there is data", async () => {
    const { send } = await listening({ prefillMs: 1000 }, { pingInterval: 150 });
    const started = performance.now();
    const response = await send(streamed);
    expect(performance.now() - started).toBeLessThan(700);
    expect(response.headers.get("x-request-id")).toMatch(/^req-/);
    const text = await response.text();
    const [beforeData = ""] = text.split("data: ", 1);
    expect(beforeData).toMatch(/^(: ping\n\n){2,6}$/);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it("send a comment also between tokens, but none while there is data", async () => {
    const { send, engine } = await listening({ text: "a b", tokenMs: 700 }, { pingInterval: 250 });
    expect(await (await send(streamed)).text()).toMatch(/"a"[^:]*(.*\n\n)(: ping\n\n){1,3}data:/);
    engine.script = { ...engine.script, text: "a b c d e f g h", tokenMs: 5 };
    expect(await (await send(streamed)).text()).not.toContain(": ping");
  });

  it("send none where the interval is 0", async () => {
    const { send } = await listening({ prefillMs: 100 }, { pingInterval: 0 });
    expect(await (await send(streamed)).text()).not.toContain(": ping");
  });
});

describe("a client that disconnects", () => {
  it.each([streamed, chat])("cancels its generation: stream $stream", async (body) => {
    const { send, engine, logs } = await listening({ endless: true, tokenMs: 2 });
    const client = new AbortController();
    const pending = send(body, { signal: client.signal }).then((response) => response.text());
    await until(() => engine.tokensMade > 3, "tokens");
    client.abort();
    await expect(pending).rejects.toThrow("aborted");
    await until(() => engine.running === 0, "the generation to end");
    await until(() => logs.length === 1, "the log line");
    expect(engine.cancelled).toBe(1);
    expect(logs).toMatchObject([{ status: 499, error: "cancelled" }]);
  });

  it("before its prompt is computed is cancelled too", async () => {
    const { port, engine, logs } = await listening({ prefillMs: 60_000 });
    const { socket } = connectRaw(port);
    socket.write(rawPost(CHAT, chat));
    await until(() => engine.running === 1, "the request to run");
    socket.destroy();
    await until(() => engine.running === 0 && logs.length === 1, "the generation to end");
    expect(logs).toMatchObject([{ error: "cancelled" }]);
  });

  it("within its body leaves nothing behind", async () => {
    const { port, engine, logs, server } = await listening();
    const { socket } = connectRaw(port);
    socket.write(rawPost(CHAT, chat).slice(0, -10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await until(() => logs.length === 1, "the log line");
    expect(logs[0]).toMatchObject({ route: CHAT, status: expect.toSatisfy((status) => [400, 499].includes(status)) });
    expect(engine.requests).toHaveLength(0);
    await server.drain("test");
  });
});

describe("a client that stops reading", () => {
  /** 64 KiB a token. */
  const text = "x".repeat(64 * 1024);

  it("is disconnected after the write timeout, and holds little memory until then", async () => {
    const { port, engine, logs } = await listening({ text, endless: true }, { writeTimeout: 3000 });
    const { socket, closed } = connectRaw(port);
    socket.write(rawPost(CHAT, streamed));
    await until(() => engine.tokensMade > 3, "tokens");
    socket.pause();
    for (let made = 0; made !== engine.tokensMade; await new Promise((resolve) => setTimeout(resolve, 300))) {
      made = engine.tokensMade;
    }
    // The generation waits: what was made fits the sockets' buffers.
    expect(engine.running).toBe(1);
    await until(() => engine.running === 0, "the generation to be cancelled");
    await until(() => logs.length === 1, "the log line");
    expect(logs).toMatchObject([{ status: 499, error: "client_too_slow" }]);
    socket.resume();
    await closed;
  });

  it("after the last token is disconnected as well", async () => {
    const { port, engine } = await listening({ text: `${text} `.repeat(200) }, { writeTimeout: 300 });
    const { socket, closed, received } = connectRaw(port);
    socket.write(rawPost(CHAT, chat));
    socket.pause();
    await until(() => engine.requests.length === 1 && engine.running === 0, "the generation to end");
    await new Promise((resolve) => setTimeout(resolve, 700));
    socket.resume();
    await closed;
    expect(received().length).toBeLessThan(200 * text.length);
  });

  it("is held to a timeout that is set while it waits", async () => {
    const { port, engine, server } = await listening({ text, endless: true }, { writeTimeout: 0 });
    const { socket, closed } = connectRaw(port);
    socket.write(rawPost(CHAT, streamed));
    await until(() => engine.tokensMade > 3, "tokens");
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(engine.running).toBe(1);
    expect(server.reload(serverOptions({ port: 0, writeTimeout: 200 }))).toEqual([]);
    await until(() => engine.running === 0, "the generation to be cancelled");
    socket.resume();
    await closed;
  });

  it("but reads slowly gets everything", async () => {
    const { port } = await listening({ text: `${text} `.repeat(200) }, { writeTimeout: 3000 });
    const { socket, received } = connectRaw(port);
    socket.write(rawPost(CHAT, streamed));
    const started = performance.now();
    socket.on("data", () => {
      socket.pause();
      setTimeout(() => socket.resume(), 20);
    });
    await until(() => received().endsWith("0\r\n\r\n") || socket.closed, "the end of the stream");
    expect(received().slice(-100)).toContain("data: [DONE]");
    expect(performance.now() - started).toBeGreaterThan(3500);
    socket.destroy();
  });
});

describe("a body of 100 MB", () => {
  const sizeBytes = 100_000_000;

  async function upload(port: number, headers: Record<string, string | number>) {
    const call = httpRequest({
      port,
      path: CHAT,
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
    });
    const answer = new Promise<IncomingMessage | null>((resolve) => {
      call.once("response", resolve);
      call.once("error", () => resolve(null));
    });
    const chunk = Buffer.alloc(1_000_000, " ");
    let sentBytes = 0;
    const write = (): void => {
      while (sentBytes < sizeBytes && !call.destroyed) {
        sentBytes += chunk.length;
        if (!call.write(chunk)) return void call.once("drain", write);
      }
      call.end();
    };
    write();
    const response = await answer;
    let text = "";
    if (response !== null) for await (const part of response) text += String(part);
    call.destroy();
    return { response, text };
  }

  it.each([
    ["declared", { "content-length": sizeBytes }],
    ["in chunks", {}],
  ])("%s is refused with 413 and not kept", async (_, headers) => {
    const { port, engine, url } = await listening();
    const before = process.memoryUsage().rss;
    const { response, text } = await upload(port, headers);
    expect(response?.statusCode).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "body_too_large" } });
    expect(process.memoryUsage().rss - before).toBeLessThan(80e6);
    expect(engine.requests).toHaveLength(0);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});

describe("drain", () => {
  it("finishes a stream, refuses new requests meanwhile, and closes", async () => {
    const { send, server, url, logs } = await listening({ text: "a b c d e f g h i j", tokenMs: 30 });
    const stream = await send(streamed);
    const drained = server.drain("SIGTERM");
    const ready = await fetch(`${url}/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ status: "draining" });
    const health = await fetch(`${url}/health`);
    expect([health.status, health.headers.get("connection")]).toEqual([200, "close"]);
    const refused = await send(chat);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("2");
    expect(await refused.json()).toMatchObject({ error: { code: "draining" } });
    const text = await stream.text();
    expect(text).toContain('"finish_reason":"stop"');
    expect(text).toMatch(/data: \[DONE\]\n\n$/);
    await drained;
    await expect(fetch(`${url}/health`)).rejects.toThrow("fetch failed");
    expect(logs).toContainEqual(expect.objectContaining({ msg: "draining", reason: "SIGTERM", openRequests: 1 }));
  });

  it("cancels what does not finish in time, with an event that says so", async () => {
    const { send, server, engine } = await listening({ endless: true, tokenMs: 5 }, { drainTimeout: 100 });
    const stream = await send(streamed);
    const started = performance.now();
    const drained = server.drain("SIGTERM");
    const text = await stream.text();
    expect(text).toMatch(/"code":"draining"\}\}\n\ndata: \[DONE\]\n\n$/);
    await drained;
    expect(performance.now() - started).toBeGreaterThanOrEqual(95);
    expect(engine).toMatchObject({ running: 0, cancelled: 1 });
  });

  it("ends at once when it is called again", async () => {
    const { send, server, engine } = await listening({ endless: true, tokenMs: 5 }, { drainTimeout: 60_000 });
    const stream = (await send(streamed)).text().catch(() => "cut");
    const whole = send(chat).catch(() => null);
    await until(() => engine.running === 2, "both to run");
    const first = server.drain("SIGTERM");
    await Promise.all([server.drain("SIGTERM"), first]);
    expect(engine).toMatchObject({ running: 0, cancelled: 2 });
    await Promise.all([stream, whole]);
  });

  it("waits for no connection without a request", async () => {
    const { server, port, url } = await listening();
    const idle = connectRaw(port);
    const agent = new Agent({ keepAlive: true });
    await fetch(`${url}/health`).then((response) => response.text());
    const started = performance.now();
    await server.drain("SIGTERM");
    expect(performance.now() - started).toBeLessThan(1500);
    await idle.closed;
    agent.destroy();
  });

  it("does not wait for a body that never comes", async () => {
    const { server, port } = await listening({}, { drainTimeout: 50 });
    const { socket, closed } = connectRaw(port);
    socket.write(rawPost(CHAT, chat).slice(0, -10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const started = performance.now();
    await server.drain("SIGTERM");
    expect(performance.now() - started).toBeLessThan(3000);
    await closed;
  });
});

describe("what is not HTTP", () => {
  it.each([
    ["garbage", "hello\r\n\r\n", 400, "http_malformed"],
    [
      "headers that are too large",
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`,
      431,
      "headers_too_large",
    ],
    ["a host that is none", "GET /health HTTP/1.1\r\nhost: a b\r\n\r\n", 400, "http_malformed"],
  ])("%s is answered in the shape of every error", async (_, bytes, status, code) => {
    const { port, logs } = await listening();
    const { socket, received, closed } = connectRaw(port);
    socket.write(bytes);
    await until(() => received().includes("}}"), "an answer");
    socket.end();
    await closed;
    const [head = "", body = ""] = received().split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head.toLowerCase()).toContain("x-request-id: req-");
    expect(body.slice(body.indexOf("{"))).toContain(`"code":"${code}"`);
    expect(logs).toMatchObject([{ status, error: code }]);
  });

  it("a client of HTTP/1.0 without a host is served", async () => {
    const { port } = await listening();
    const { socket, received, closed } = connectRaw(port);
    socket.write("GET /health HTTP/1.0\r\n\r\n");
    await closed;
    expect(received()).toContain('{"status":"ok"}');
  });
});
