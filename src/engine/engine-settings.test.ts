import { describe, expect, it } from "vitest";
import { resolveSettings } from "./engine-settings.ts";
import type { PlainEngineOptions } from "./threads/step-messages.ts";

describe("resolveSettings", () => {
  it("fills in every default", () => {
    const settings = resolveSettings({ model: "m.gguf" });
    expect(settings).toMatchObject({
      model: "m.gguf",
      contextTokens: null,
      kvType: "auto",
      kvMemoryBytes: null,
      maxStepTokens: 512,
      maxSequences: 64,
      maxStallMs: 150,
      minPrefillShare: 0.25,
      backend: "auto",
    });
    expect(settings.threads).toBeGreaterThanOrEqual(1);
  });

  it.each<[Partial<PlainEngineOptions>, string]>([
    [{ model: "" }, "model"],
    [{ contextTokens: 0 }, "contextTokens"],
    [{ threads: -1 }, "threads"],
    [{ threads: 2.5 }, "threads"],
    [{ maxStepTokens: 1e9 }, "maxStepTokens"],
    [{ maxSequences: 0 }, "maxSequences"],
    [{ maxWaiting: -1 }, "maxWaiting"],
    [{ kvMemoryBytes: Number.NaN }, "kvMemoryBytes"],
    [{ kvType: "q4" as "int8" }, "kvType"],
    [{ backend: "gpu" as "native" }, "backend"],
  ])("refuses %o, naming %s", (options, option) => {
    expect(() => resolveSettings({ model: "m.gguf", ...options })).toThrow(
      expect.objectContaining({ code: "invalid_option", params: expect.objectContaining({ option }) }),
    );
  });
});
