/** `serve` and `start` as processes: start lines, draining, ports. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { expect, test } from "vitest";
import { tinyModelFile } from "../support/random-model-file.ts";
import { cliResult, runCli, startCli, waitForLine } from "./support/run-cli.ts";

const MODEL = tinyModelFile();

async function streamedText(url: string, body: object): Promise<{ text: string; done: boolean }> {
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "turnwise", stream: true, ...body }),
  });
  const text = await response.text();
  return { text, done: text.trimEnd().endsWith("data: [DONE]") };
}

async function modelId(url: string): Promise<string> {
  const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] };
  return data[0]?.id ?? "";
}

test("serve prints what it loaded and where it listens; SIGTERM lets a stream finish", async () => {
  const child = startCli(["serve", MODEL, "--port", "0", "--backend", "interpreter", "--log-level", "silent"]);
  const ended = cliResult(child);
  const line = await waitForLine(child, "stderr", /listening on/);
  const url = line.replace(/^.*listening on /, "").trim();
  const model = await modelId(url);
  const stream = streamedText(url, { model, prompt: "Hello", max_tokens: 100, ignore_eos: true });
  // The request is admitted before the signal: the metrics say so.
  while (!/requests_running\S* [1-9]/.test(await (await fetch(`${url}/metrics`)).text())) {
    await new Promise((wait) => setTimeout(wait, 10));
  }
  child.kill("SIGTERM");
  expect(await stream).toMatchObject({ done: true });
  const { code, stdout, stderr } = await ended;
  expect(code).toBe(0);
  expect(stdout).toBe("");
  for (const part of ["random weights: output is meaningless", "model: ", "backend: ", "KV cache: ", "SIGTERM: "]) {
    expect(stderr).toContain(part);
  }
});

test("a second signal ends the running requests at once", async () => {
  const child = startCli([
    "serve",
    MODEL,
    "--port",
    "0",
    "--backend",
    "interpreter",
    "--drain-timeout",
    "1h",
    "--log-level",
    "silent",
  ]);
  const ended = cliResult(child);
  const url = (await waitForLine(child, "stderr", /listening on/)).replace(/^.*listening on /, "").trim();
  const stream = streamedText(url, { model: await modelId(url), prompt: "Hello", max_tokens: 1800, ignore_eos: true });
  while (!/requests_running\S* [1-9]/.test(await (await fetch(`${url}/metrics`)).text())) {
    await new Promise((wait) => setTimeout(wait, 10));
  }
  child.kill("SIGTERM");
  await waitForLine(child, "stderr", /SIGTERM: /);
  child.kill("SIGTERM");
  await stream.catch(() => null);
  expect(await ended).toMatchObject({ code: 0 });
});

test("serve refuses a taken port and an open binding without a key", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  const address = blocker.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const taken = await runCli(["serve", "--port", String(port)]);
  expect(taken).toMatchObject({ code: 2, stdout: "" });
  expect(taken.stderr).toContain(`turnwise: Cannot listen on 127.0.0.1:${port}`);

  const start = await runCli(["start", "--port", String(port)]);
  blocker.close();
  expect(start).toMatchObject({ code: 0 });
  expect(start.stderr).toContain(`port ${port} is taken, using `);

  const open = await runCli(["serve", "--host", "0.0.0.0", "--port", "0"]);
  expect(open).toMatchObject({ code: 2 });
  expect(open.stderr).toContain("without an API key");
});

test("start without a terminal plays a turn that fails without harm, and ends with exit code 0", async () => {
  const { code, stdout, stderr } = await runCli(["start", MODEL, "--port", "0"]);
  expect(stderr).toBe("random weights: output is meaningless\n");
  expect(code).toBe(0);
  expect(stdout).toContain("A turn of an agent with the tools calculator and read_file");
  expect(stdout).toMatch(/\[0 cached, \d+ prefilled in /);
  expect(stdout).toMatch(/baseURL: "http:\/\/127\.0\.0\.1:\d+\/v1"/);
});

test("SIGHUP takes the changed settings and keys; a running stream goes on; a wrong file changes nothing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-config-"));
  const config = join(folder, "turnwise.config.json");
  const keys = join(folder, "keys");
  const write = (settings: object): void => writeFileSync(config, JSON.stringify(settings));
  const settings = { port: 0, backend: "interpreter", logLevel: "silent", apiKeyFile: keys, maxSequences: 1 };
  write(settings);
  writeFileSync(keys, "old");
  const child = startCli(["serve", MODEL, "--config", config]);
  const ended = cliResult(child);
  const url = (await waitForLine(child, "stderr", /listening on/)).replace(/^.*listening on /, "").trim();
  const ask = (key: string, body: object): Promise<Response> =>
    fetch(`${url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ prompt: "Hello", ...body }),
    });
  const stream = await ask("old", { stream: true, max_tokens: 100, ignore_eos: true });
  writeFileSync(keys, "new");
  write({ ...settings, maxBody: "100B", maxWaiting: 0, ctx: 64 });
  const reloaded = waitForLine(child, "stderr", /SIGHUP/);
  child.kill("SIGHUP");
  expect(await reloaded).toBe("SIGHUP: settings reloaded; ctx changed, too: that takes a restart");
  expect((await stream.text()).trimEnd().endsWith("data: [DONE]")).toBe(true);
  expect((await ask("old", { max_tokens: 1 })).status).toBe(401);
  expect((await ask("new", { prompt: "x".repeat(100) })).status).toBe(413);
  const running = await ask("new", { stream: true, max_tokens: 100, ignore_eos: true });
  expect((await ask("new", { max_tokens: 1 })).status).toBe(429);
  await running.text();
  write({ ...settings, prot: 1 });
  const refused = waitForLine(child, "stderr", /stay as they are/);
  child.kill("SIGHUP");
  await refused;
  expect((await ask("new", { max_tokens: 1 })).status).toBe(200);
  child.kill("SIGTERM");
  expect(await ended).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("no setting prot. Did you mean port?"),
  });
});

test("explain shows a person what a session's turns found", async () => {
  const child = startCli(["serve", MODEL, "--port", "0", "--backend", "interpreter", "--log-level", "silent"]);
  const ended = cliResult(child);
  const url = (await waitForLine(child, "stderr", /listening on/)).replace(/^.*listening on /, "").trim();
  const post = async (path: string, body: object): Promise<unknown> => {
    const headers = { "content-type": "application/json" };
    return (await fetch(`${url}/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };
  const { id } = (await post("/sessions", {})) as { id: string };
  for (const content of ["Hello", "And you?"]) {
    await post("/chat/completions", { session: { id }, messages: [{ role: "user", content }], max_tokens: 3 });
  }
  const shown = await runCli(["explain", id, "--url", `${url}/v1/`]);
  expect(shown).toMatchObject({ code: 0, stderr: "" });
  expect(shown.stdout).toContain(`${id}: 2 turns, idle`);
  expect(shown.stdout).toContain("No turn computed again");
  const { stdout } = await runCli(["explain", id, "--url", `${url}/v1`, "--json"]);
  const { turns } = JSON.parse(stdout) as { turns: { cached_tokens: number; prompt_tokens: number }[] };
  expect(turns).toHaveLength(2);
  expect(turns[1]?.cached_tokens).toBeGreaterThanOrEqual(turns[0]?.prompt_tokens ?? Infinity);
  const unknown = await runCli(["explain", "sess_0", "--url", `${url}/v1`]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("There is no session sess_0.");
  child.kill("SIGTERM");
  await ended;
});
