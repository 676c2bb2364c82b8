/** `turnwise config`: the settings as a command would find them, each with where it comes from. */

import { resolve } from "node:path";
import { unreachable } from "../../base/invariant.ts";
import type { Environment } from "../../base/environment.ts";
import { camelCase, resolveOption, resolveOptions } from "../../base/option-parse.ts";
import type { OptionOrigin, OptionValue, SettingsFile } from "../../base/option-parse.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { SERVER_OPTIONS } from "../../server/options.ts";
import { requireAction } from "../action-argument.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { SETTINGS } from "../settings.ts";
import { findSettingsFile, readSettingsFile } from "../settings-file.ts";
import { writeJson, writeText } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const CONFIG_COMMAND_OPTIONS = {
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON array" },
} as const satisfies OptionTable;

interface Setting {
  readonly name: string;
  readonly value: OptionValue;
  /** "default", "environment TURNWISE_PORT", "file /etc/turnwise.config.json". */
  readonly origin: string;
}

export const CONFIG = defineCommand({
  name: "config",
  summary: "Check the settings and show where each comes from",
  details:
    "A flag wins over the environment, that over turnwise.config.json, that over the default. Without FILE it\n" +
    "is the file that other commands would read. Sizes and times are printed in bytes and milliseconds. What\n" +
    "serve would refuse before it listens (keys, certificates, an address without a key) is an error here too.",
  arguments: {
    action: { required: true, help: "check" },
    file: { required: false, help: "A settings file" },
  },
  groups: { Output: CONFIG_COMMAND_OPTIONS },
  examples: ["turnwise config check", "turnwise config check deploy/turnwise.config.json --json"],
  run: async ({ arguments: { action, file: named }, options }, { terminal }) => {
    requireAction("config", action, ["check"]);
    const file = named === null ? findSettingsFile(undefined, terminal.env) : readSettingsFile(resolve(named));
    const settings = Object.entries(SETTINGS).map(([name, row]): Setting => {
      const { value, origin } = resolveOption(name, row, undefined, terminal.env, file);
      return { name: camelCase(name), value, origin: describeOrigin(origin, row.env, file) };
    });
    if (options.json) await writeJson(terminal.stdout, settings);
    else {
      const rows = settings.map(({ name, value, origin }) => [name, value === null ? "" : String(value), origin]);
      await writeText(terminal.stdout, textTable(rows));
    }
    await checkTogether(terminal.env, file);
    return EXIT_CODES.ok;
  },
});

/** What single settings do not show, as `serve` meets it before it listens. Throws that. */
async function checkTogether(env: Environment, file: SettingsFile | null): Promise<void> {
  // Only now: it brings a library that help need not wait for.
  const { readAccess } = await import("../../server/access/read-access.ts");
  readAccess(resolveOptions(SERVER_OPTIONS, {}, env, file), env);
  toEngineOptions("", resolveOptions({ ...ENGINE_OPTIONS, ...CACHE_OPTIONS }, {}, env, file));
}

function describeOrigin(origin: OptionOrigin, variable: string | null, file: SettingsFile | null): string {
  switch (origin) {
    case "environment":
      return `environment ${variable ?? ""}`;
    case "file":
      return `file ${file?.path ?? ""}`;
    case "flag":
    case "default":
      return origin;
    default:
      return unreachable(origin);
  }
}
