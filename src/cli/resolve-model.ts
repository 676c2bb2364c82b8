/** The MODEL argument: a path that must exist, or the built-in model where it is absent. */

import { statSync } from "node:fs";
import { fail } from "../base/errors.ts";
import { builtInModel } from "./built-in-model.ts";
import type { CommandContext } from "./command.ts";

export const MODEL_ARGUMENT = {
  required: false,
  help: "A GGUF file, or the first part of a split one; by default the built-in model",
} as const;

/** The model's path. Throws `file_unreadable` early, before anything slow starts. */
export function resolveModel(given: string | null, context: CommandContext): string {
  if (given === null) return builtInModel(context.terminal.env);
  requireFile(given);
  return given;
}

/** Throws `file_unreadable` unless `path` is a file. */
export function requireFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) fail("file_unreadable", { path, reason: "there is no such file or folder" });
  if (found.isDirectory()) fail("file_unreadable", { path, reason: "it is a directory" });
}
