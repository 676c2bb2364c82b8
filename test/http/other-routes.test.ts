import { describe, expect, it } from "vitest";
import { turnwiseError } from "../../src/base/errors.ts";
import type { EngineApi } from "../../src/engine/types.ts";
import { TOOL_FORMAT_NAMES, type ToolFormatName } from "../../src/text/tools/tool-format.ts";
import { FakeEngine } from "./support/fake-engine.ts";
import { scriptedServer, testServer } from "./support/test-server.ts";

describe("GET /v1/models", () => {
  it("answers Anthropic's clients in their shape", async () => {
    const { get } = scriptedServer();
    const headers = { "anthropic-version": "2023-06-01" };
    const described = {
      type: "model",
      id: "fake-1b",
      display_name: "Fake 1B",
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    };
    expect(await (await get("/v1/models", headers)).json()).toEqual({
      data: [described],
      has_more: false,
      first_id: "fake-1b",
      last_id: "fake-1b",
    });
    expect(await (await get("/v1/models/fake-1b", headers)).json()).toEqual(described);
  });

  const described = {
    id: "fake-1b",
    object: "model",
    created: 1_700_000_000,
    owned_by: "turnwise",
    max_model_len: 2000,
    turnwise: expect.objectContaining({ architecture: "llama", random_weights: true }),
  };

  it("lists the model, and describes it by id", async () => {
    const { get } = scriptedServer();
    expect(await (await get("/v1/models")).json()).toEqual({ object: "list", data: [described] });
    expect(await (await get("/v1/models/fake-1b")).json()).toEqual(described);
  });

  it("does not tell where the file is", async () => {
    const { get, engine } = scriptedServer();
    expect(await (await get("/v1/models")).text()).not.toContain(engine.model.path);
  });

  it("serves under an alias, which may hold a slash, and still knows the file's name", async () => {
    const { get, post } = scriptedServer({}, { alias: "acme/tiny" });
    expect(await (await get("/v1/models/acme/tiny")).json()).toMatchObject({ id: "acme/tiny" });
    for (const model of ["acme/tiny", "fake-1b"]) {
      const response = await post("/v1/completions", { model, prompt: "x" });
      expect(await response.json()).toMatchObject({ model: "acme/tiny" });
    }
  });

  it("answers 404 with what is served", async () => {
    const { get, post } = scriptedServer();
    for (const response of [
      await get("/v1/models/gpt-5"),
      await post("/v1/completions", { model: "gpt-5", prompt: "x" }),
      await post("/v1/chat/completions", { model: "gpt-5", messages: [{ role: "user", content: "x" }] }),
      await post("/tokenize", { model: "gpt-5", prompt: "x" }),
      await post("/detokenize", { model: "gpt-5", tokens: [1] }),
    ]) {
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        error: { code: "model_not_found", message: expect.stringMatching(/gpt-5.*fake-1b/) },
      });
    }
  });
});

describe("/tokenize and /detokenize", () => {
  it("tokenize a text as a prompt would be, or without the model's additions", async () => {
    const { post } = scriptedServer();
    const body = { prompt: "Hi", return_token_strs: true };
    expect(await (await post("/tokenize", body)).json()).toEqual({
      tokens: [256, 72, 105],
      count: 3,
      max_model_len: 2000,
      token_strs: ["<256>", "<72>", "<105>"],
    });
    const bare = await post("/tokenize", { prompt: "Hi", add_special_tokens: false });
    expect(await bare.json()).toEqual({ tokens: [72, 105], count: 2, max_model_len: 2000 });
  });

  it("tokenize a conversation", async () => {
    const { post, engine } = scriptedServer();
    const response = await post("/tokenize", { messages: [{ role: "user", content: "Hi" }], wizardry: 1 });
    expect(await response.json()).toMatchObject({ count: 12, turnwise: { ignored: ["wizardry"] } });
    expect(engine.chats).toHaveLength(1);
  });

  /** What the template is given in each format; Mistral's ids are by sha256sum. */
  const GIVEN: Readonly<Record<ToolFormatName, string>> = {
    llama3: '"toolu_01"',
    "llama3-builtin": '"builtin_tools":["brave_search"]',
    hermes: '"toolu_01"',
    mistral: '"7a95b7039"',
    "mistral-args": '"7a95b7039"',
    json: "You can call these functions",
  };
  it.each(TOOL_FORMAT_NAMES)(
    "render tools and the ids of calls as a chat completion does, in the format %s",
    async (toolFormat) => {
      const { post, engine } = scriptedServer({}, { toolFormat });
      const call = { id: "toolu_01", type: "function", function: { name: "brave_search", arguments: '{"query":"x"}' } };
      const query = { type: "object", properties: { query: { type: "string" } } };
      const body = {
        messages: [
          { role: "user", content: "Find x." },
          { role: "assistant", content: null, tool_calls: [call] },
          { role: "tool", tool_call_id: "toolu_01", content: "found" },
        ],
        tools: [{ type: "function", function: { name: "brave_search", parameters: query } }],
      };
      for (const path of ["/v1/chat/completions", "/apply-template", "/tokenize"])
        expect((await post(path, body)).status).toBe(200);
      const [chat, applied, tokenized] = engine.chats;
      expect(applied).toEqual(chat);
      expect(tokenized).toEqual(chat);
      const shown = JSON.stringify(applied);
      expect(shown).toContain("brave_search");
      expect(shown).toContain(GIVEN[toolFormat]);
    },
  );

  it("give back the text", async () => {
    const { post } = scriptedServer();
    expect(await (await post("/detokenize", { tokens: [72, 105] })).json()).toEqual({ prompt: "Hi" });
  });

  it.each([
    ["/tokenize", {}, "prompt"],
    ["/tokenize", { prompt: "a", messages: [{ role: "user", content: "x" }] }, "messages"],
    ["/tokenize", { prompt: 5 }, "prompt"],
    ["/apply-template", {}, "messages"],
    ["/apply-template", { messages: "Hi" }, "messages"],
    ["/detokenize", {}, "tokens"],
    ["/detokenize", { tokens: "Hi" }, "tokens"],
    ["/detokenize", { tokens: [72, 999] }, "tokens[1]"],
  ])("%s refuses %j", async (path, body, param) => {
    const response = await scriptedServer().post(path, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: "request_invalid", param } });
  });
});

describe("/health and /ready", () => {
  it("answer to anyone, also where keys are needed", async () => {
    const { get } = testServer(new FakeEngine(), {}, { TURNWISE_API_KEY: "secret" });
    expect(await (await get("/health")).json()).toEqual({ status: "ok" });
    expect(await (await get("/ready")).json()).toEqual({ status: "ready" });
    expect((await get("/metrics")).status).toBe(401);
  });

  it("tell a model that loads, and that is loaded, apart", async () => {
    const engine = new FakeEngine();
    const loading = new Promise<EngineApi>((resolve) => setTimeout(() => resolve(engine), 50));
    const { get, post } = testServer(loading);
    expect((await get("/health")).status).toBe(200);
    const early = await get("/ready");
    expect(early.status).toBe(503);
    expect(early.headers.get("retry-after")).toBe("2");
    expect(await early.json()).toMatchObject({
      status: "loading",
      error: { message: expect.stringContaining("loading its model") },
    });
    const refused = await post("/v1/completions", { prompt: "x" });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: "not_ready" } });
    expect((await get("/metrics")).status).toBe(200);
    await loading;
    expect((await get("/ready")).status).toBe(200);
    expect((await post("/v1/completions", { prompt: "x" })).status).toBe(200);
  });

  it("tell that loading failed", async () => {
    const { get } = testServer(Promise.reject(turnwiseError("prompt_empty")));
    await Promise.resolve();
    expect(await (await get("/ready")).json()).toMatchObject({ status: "failed" });
  });
});
