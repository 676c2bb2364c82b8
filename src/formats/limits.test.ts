import { expect, it } from "vitest";
import { NATIVE_LIMITS } from "../base/native-limits.ts";
import { GGUF_LIMITS } from "./gguf/limits.ts";
import { SAFETENSORS_LIMITS } from "./safetensors/limits.ts";

it("a model has no more files than can be guarded when they are mapped, beside its pack and another model", () => {
  for (const files of [SAFETENSORS_LIMITS.shards, GGUF_LIMITS.splitParts]) {
    expect(2 * files).toBeLessThanOrEqual(NATIVE_LIMITS.mappedFiles);
  }
});
