import { describe, expect, it } from "vitest";
import { rateHeaders } from "./rate-headers.ts";
import { RateMeter } from "./rate-meter.ts";

const MINUTE_MS = 60_000;

describe("RateMeter", () => {
  it("admits a minute's requests at once, then one each time that one is made up", () => {
    let nowMs = 0;
    const meter = new RateMeter({ requestsPerMinute: 3, tokensPerMinute: Infinity }, () => nowMs);
    for (let request = 0; request < 3; request += 1) meter.admit();
    // One in 20 s.
    expect(() => meter.admit()).toThrow(
      expect.objectContaining({ code: "rate_limit_exceeded", params: { limit: 3, what: "requests", seconds: 20 } }),
    );
    nowMs = 19_999;
    expect(() => meter.admit()).toThrow("Try again in 1 s");
    nowMs = 20_000;
    meter.admit();
    expect(() => meter.admit()).toThrow("Try again in 20 s");
  });

  it("lets answers overdraw the tokens, and makes later requests wait for what was overdrawn", () => {
    let nowMs = 0;
    const meter = new RateMeter({ requestsPerMinute: Infinity, tokensPerMinute: 600 }, () => nowMs);
    meter.admit();
    meter.chargeTokens(900);
    expect(meter.state().tokens).toEqual({ limit: 600, remaining: 0, resetMs: 90_000 });
    // 300 too many, 10 a second.
    expect(() => meter.admit()).toThrow("Try again in 30 s");
    nowMs = 31_000;
    meter.admit();
    expect(meter.state().tokens?.remaining).toBe(10);
  });

  it("never saves up more than a minute, and keeps what was used when a limit changes", () => {
    let nowMs = 0;
    const meter = new RateMeter({ requestsPerMinute: 10, tokensPerMinute: Infinity }, () => nowMs);
    nowMs = 100 * MINUTE_MS;
    expect(meter.state().requests?.remaining).toBe(10);
    for (let request = 0; request < 4; request += 1) meter.admit();
    meter.setLimits({ requestsPerMinute: 20, tokensPerMinute: 5 });
    expect(meter.state()).toEqual({
      requests: { limit: 20, remaining: 16, resetMs: 12_000 },
      tokens: { limit: 5, remaining: 5, resetMs: 0 },
    });
  });
});

describe("rateHeaders", () => {
  const meter = new RateMeter({ requestsPerMinute: 4, tokensPerMinute: Infinity }, () => 0);
  meter.admit();

  it("are OpenAI's, without what has no limit", () => {
    expect(rateHeaders(meter, "openai")).toEqual([
      ["x-ratelimit-limit-requests", "4"],
      ["x-ratelimit-remaining-requests", "3"],
      ["x-ratelimit-reset-requests", "15s"],
    ]);
    expect(rateHeaders(null, "openai")).toEqual([]);
  });

  it("are Anthropic's for its clients, with a time to reset at", () => {
    const headers = Object.fromEntries(rateHeaders(meter, "anthropic"));
    expect(headers["anthropic-ratelimit-requests-remaining"]).toBe("3");
    const waitMs = Date.parse(headers["anthropic-ratelimit-requests-reset"] ?? "") - Date.now();
    expect(Math.abs(waitMs - 15_000)).toBeLessThan(1000);
  });
});
