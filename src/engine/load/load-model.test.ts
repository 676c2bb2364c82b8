import { basename, dirname, join } from "node:path";
import { expect, it } from "vitest";
import { modelIdOf } from "./load-model.ts";

it.each([
  ["/models/Llama-3-Q4_0.gguf", "Llama-3-Q4_0"],
  ["/models/Qwen3-0.6B/", "Qwen3-0.6B"],
  [".", basename(process.cwd())],
  ["..", basename(dirname(process.cwd()))],
  [join("a", ".."), basename(process.cwd())],
])("a model at %s is called %s", (path, id) => {
  expect(modelIdOf(path)).toBe(id);
});
