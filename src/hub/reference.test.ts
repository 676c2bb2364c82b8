import { expect, test } from "vitest";
import { formatHubReference, parseHubReference, requireHubReference } from "./reference.ts";

test.each([
  ["hf:Qwen/Qwen3-0.6B-GGUF", { repo: "Qwen/Qwen3-0.6B-GGUF", quant: null, revision: null }],
  ["hf:org/name:Q4_K_M", { repo: "org/name", quant: "Q4_K_M", revision: null }],
  ["org/name", { repo: "org/name", quant: null, revision: null }],
  ["org/name:a-file.gguf", { repo: "org/name", quant: "a-file.gguf", revision: null }],
  ["hf:org/name@v1.2", { repo: "org/name", quant: null, revision: "v1.2" }],
  ["hf:org/name:Q4_0@refs/pr/1", { repo: "org/name", quant: "Q4_0", revision: "refs/pr/1" }],
])("%s", (text, reference) => {
  expect(parseHubReference(text)).toEqual(reference);
  expect(parseHubReference(formatHubReference(reference))).toEqual(reference);
});

test.each([
  "",
  "hf:",
  "hf:name",
  "hf:org/",
  "hf:/name",
  "hf:org/name/file",
  "hf:org/name:",
  "hf:org/name:Q4:Q8",
  "hf:org/name:../x",
  "hf:org/name@",
  "hf:org/name@a@b",
  "hf:org/name@../x",
  "hf:org/name@/x",
  "hf:@main",
  "hf:../name",
  "hf:org/..",
  "hf:a..b/name",
  "hf:org/na me",
  `hf:org/${"x".repeat(97)}`,
  "./model.gguf",
  "/models/model.gguf",
])("%s is no name", (text) => {
  expect(parseHubReference(text)).toBeNull();
  expect(() => requireHubReference(text)).toThrow("is no model's name");
});
