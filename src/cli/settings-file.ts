/**
 * `turnwise.config.json`: one JSON object of settings, for all commands. A command takes from it the
 * settings that it has; a name that no command has is an error.
 */

import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Environment } from "../base/environment.ts";
import { fail } from "../base/errors.ts";
import { nearestName } from "../base/nearest-name.ts";
import { camelCase } from "../base/option-parse.ts";
import type { GivenOptions, SettingsFile } from "../base/option-parse.ts";
import { SETTINGS } from "./settings.ts";

export const SETTINGS_FILE_NAME = "turnwise.config.json";

/** A settings file is small; a large one is a mistake, such as a model's path. */
const MAX_BYTES = 1024 * 1024;

/** The file that `--config` or TURNWISE_CONFIG names, else that of the current folder; null where there is none. */
export function findSettingsFile(given: GivenOptions[string], env: Environment): SettingsFile | null {
  const named = (typeof given === "object" ? given.at(-1) : given) ?? (env["TURNWISE_CONFIG"] || undefined);
  if (typeof named === "string") return readSettingsFile(resolve(named));
  const path = resolve(SETTINGS_FILE_NAME);
  return statSync(path, { throwIfNoEntry: false }) === undefined ? null : readSettingsFile(path);
}

/** Throws `file_unreadable`, or `settings_invalid` with the nearest name for one that is unknown. */
export function readSettingsFile(path: string): SettingsFile {
  return { path, given: parseSettings(path, readText(path)) };
}

function readText(path: string): string {
  try {
    if (statSync(path).size > MAX_BYTES) failSettings(path, `it is larger than ${MAX_BYTES} bytes.`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    return fail("file_unreadable", { path, reason: error.message });
  }
}

/** From JSON to what the command line would give; values are checked by the option table, with the flags'. */
export function parseSettings(path: string, text: string): GivenOptions {
  const names = new Map(Object.keys(SETTINGS).map((name) => [camelCase(name), name] as const));
  const given: Record<string, GivenOptions[string]> = {};
  for (const [key, value] of Object.entries(parseObject(path, text))) {
    const name = names.get(key);
    if (name === undefined) {
      const nearest = nearestName(key, names.keys());
      failSettings(path, `there is no setting ${key}.${nearest === null ? "" : ` Did you mean ${nearest}?`}`);
    }
    given[name] = toGiven(path, key, value, SETTINGS[name]?.type.kind === "strings");
  }
  return given;
}

function parseObject(path: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    return failSettings(path, `it is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return failSettings(path, "it must hold one JSON object.");
}

function toGiven(path: string, key: string, value: unknown, mayRepeat: boolean): string | boolean | readonly string[] {
  if (mayRepeat) {
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (texts.every((text) => typeof text === "string")) return texts;
    return failSettings(path, `${key} must be a text or a list of texts.`);
  }
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  return failSettings(path, `${key} must be a text, a number, true or false.`);
}

function failSettings(path: string, problem: string): never {
  return fail("settings_invalid", { path, problem });
}
