import { describe, expect, it } from "vitest";
import { buildGenerationOrder, buildScoreOrder, checkRequest } from "./build-order.ts";
import type { GenerationOrder } from "./step/order.ts";
import { checkLimits, DEFAULT_SAMPLING, MAX_LOGIT_BIAS_ENTRIES, resolveSampling } from "./sampling-settings.ts";
import type { GenerateRequest, RequestTenant } from "./types.ts";

const LIMITS = { vocabSize: 100, contextTokens: 64 };

describe("resolveSampling", () => {
  it("fills in defaults, also for keys that are given as undefined", () => {
    expect(resolveSampling(undefined, 100)).toEqual(DEFAULT_SAMPLING);
    // @ts-expect-error -- callers in JavaScript give undefined
    expect(resolveSampling({ topK: 5, topP: undefined }, 100)).toEqual({
      ...DEFAULT_SAMPLING,
      topK: 5,
    });
  });

  it.each([
    { temperature: 0 },
    { temperature: 100 },
    { topK: 0 },
    { topP: 1e-9 },
    { topP: 1 },
    { minP: 0 },
    { minP: 1 },
    { repetitionPenalty: 0.01 },
    { presencePenalty: -2 },
    { frequencyPenalty: 2 },
    { seed: -1n },
    { seed: 2n ** 64n - 1n },
    { logitBias: new Map([[99, -100]]) },
  ])("accepts %o", (settings) => {
    expect(resolveSampling(settings, 100)).toMatchObject(settings);
  });

  it.each([
    [{ temperature: -0.1 }, "temperature"],
    [{ temperature: Number.NaN }, "temperature"],
    [{ temperature: Infinity }, "temperature"],
    [{ temperature: "1" as unknown as number }, "temperature"],
    [{ topK: -1 }, "topK"],
    [{ topK: 1.5 }, "topK"],
    [{ topP: 0 }, "topP"],
    [{ topP: 1.01 }, "topP"],
    [{ minP: -0.1 }, "minP"],
    [{ repetitionPenalty: 0 }, "repetitionPenalty"],
    // As f32 it would be 0.
    [{ repetitionPenalty: 1e-300 }, "repetitionPenalty"],
    [{ presencePenalty: 2.1 }, "presencePenalty"],
    [{ frequencyPenalty: -2.1 }, "frequencyPenalty"],
    [{ seed: 2n ** 64n }, "seed"],
    [{ logitBias: new Map([[3, 101]]) }, "logitBias[3]"],
    [{ logitBias: new Map(Array.from({ length: MAX_LOGIT_BIAS_ENTRIES + 1 }, (_, token) => [token, 1])) }, "logitBias"],
  ])("refuses %o, naming %s", (settings, field) => {
    expect(() => resolveSampling(settings, 10_000)).toThrow(
      expect.objectContaining({ code: "request_invalid", params: expect.objectContaining({ field }) }),
    );
  });

  it("refuses a bias for a token that does not exist", () => {
    expect(() => resolveSampling({ logitBias: new Map([[100, 1]]) }, 100)).toThrow(
      expect.objectContaining({ code: "token_out_of_range", params: { token: 100, vocabSize: 100 } }),
    );
  });
});

describe("checkLimits", () => {
  it.each<[Partial<GenerateRequest>, string]>([
    [{ maxTokens: 0 }, "maxTokens"],
    [{ maxTokens: 2.5 }, "maxTokens"],
    [{ minTokens: -1 }, "minTokens"],
    [{ minTokens: 5, maxTokens: 4 }, "minTokens"],
    [{ choices: 0 }, "choices"],
    [{ choices: 129 }, "choices"],
    [{ logprobs: 21 }, "logprobs"],
    [{ stop: [""] }, "stop"],
    [{ stop: Array.from({ length: 65 }, () => "x") }, "stop"],
    [{ stop: ["x".repeat(5000)] }, "stop"],
  ])("refuses %o, naming %s", (request, field) => {
    expect(() => checkLimits({ prompt: "", ...request })).toThrow(
      expect.objectContaining({ code: "request_invalid", params: expect.objectContaining({ field }) }),
    );
  });
});

function build(request: Partial<GenerateRequest>, prompt = Int32Array.of(1, 2, 3)): GenerationOrder {
  return buildGenerationOrder(7, { prompt, ...request }, prompt, LIMITS, null);
}

describe("buildGenerationOrder", () => {
  it("takes what is left of the context where no limit is given", () => {
    expect(build({}).maxTokens).toBe(61);
  });

  it("gives each choice its part of what its tenant may use in a turn", () => {
    const tenant = { name: "short", maxTurnTokens: 24 };
    expect(build({ tenant }).maxTokens).toBe(21);
    expect(build({ tenant, choices: 4 }).maxTokens).toBe(5);
    expect(build({ tenant, choices: 4, maxTokens: 5 }).choices).toBe(4);
    expect(() => build({ tenant, choices: 4, maxTokens: 6 })).toThrow(
      expect.objectContaining({
        code: "tenant_turn_too_long",
        params: { tenant: "short", limit: 24, totalTokens: 27, promptTokens: 3, outputTokens: 24 },
      }),
    );
  });

  it("says by how much a request exceeds the context", () => {
    expect(() => build({ maxTokens: 62 })).toThrow(
      expect.objectContaining({
        code: "context_length_exceeded",
        params: { contextTokens: 64, totalTokens: 65, promptTokens: 3, outputTokens: 62 },
      }),
    );
    expect(() => build({}, new Int32Array(64))).toThrow(expect.objectContaining({ code: "context_length_exceeded" }));
  });

  it("wraps a negative seed to 64 bits, and draws one where none is given", () => {
    expect(build({ sampling: { seed: -1n } }).seed).toBe(2n ** 64n - 1n);
    const seeds = new Set(Array.from({ length: 8 }, () => build({}).seed));
    expect(seeds.size).toBe(8);
  });

  it("splits the bias into ids and values", () => {
    const { biasTokens, biasValues } = build({
      sampling: {
        logitBias: new Map([
          [4, -1],
          [9, 2],
        ]),
      },
    });
    expect([[...biasTokens], [...biasValues]]).toEqual([
      [4, 9],
      [-1, 2],
    ]);
  });

  it.each([
    [new Int32Array(0), "prompt_empty"],
    [Int32Array.of(1, -1), "token_out_of_range"],
    [Int32Array.of(100), "token_out_of_range"],
  ])("refuses the prompt %o with %s", (prompt, code) => {
    expect(() => build({}, prompt)).toThrow(expect.objectContaining({ code }));
  });
});

describe("checkRequest", () => {
  it.each<[Partial<RequestTenant>, string]>([
    [{ weight: Number.NaN }, "tenant.weight"],
    [{ weight: 101 }, "tenant.weight"],
    [{ priority: Number.NaN }, "tenant.priority"],
    [{ priority: Infinity }, "tenant.priority"],
    [{ kvShare: Number.NaN }, "tenant.kvShare"],
    [{ kvShare: 0 }, "tenant.kvShare"],
    [{ kvShare: 1.1 }, "tenant.kvShare"],
    [{ maxWaiting: Number.NaN }, "tenant.maxWaiting"],
    [{ maxTurnTokens: -1 }, "tenant.maxTurnTokens"],
  ])("refuses the tenant %o, naming %s", (tenant, field) => {
    expect(() => checkRequest({ prompt: "", tenant: { name: "a", ...tenant } }, LIMITS)).toThrow(
      expect.objectContaining({ code: "request_invalid", params: expect.objectContaining({ field }) }),
    );
  });

  it("refuses a format beside tool calls, of which one would be dropped", () => {
    const toolCalls = { kind: "tool_calls", format: "json", tools: [], choice: "auto", parallel: true } as const;
    const responseFormat = { kind: "json_object" } as const;
    expect(() => checkRequest({ prompt: "", toolCalls }, LIMITS)).not.toThrow();
    expect(() => checkRequest({ prompt: "", responseFormat }, LIMITS)).not.toThrow();
    expect(() => checkRequest({ prompt: "", toolCalls, responseFormat }, LIMITS)).toThrow(
      expect.objectContaining({ code: "request_invalid", params: expect.objectContaining({ field: "toolCalls" }) }),
    );
  });
});

describe("buildScoreOrder", () => {
  it.each([0, 3, 1.5])("refuses to score three tokens from %d", (from) => {
    expect(() => buildScoreOrder(1, Int32Array.of(1, 2, 3), from, LIMITS)).toThrow(
      expect.objectContaining({ code: "request_invalid" }),
    );
  });
});
