/** The text of `docs/cli.md`, from the commands' own data. `scripts/generate-cli-docs.ts` writes it. */

import type { OptionTable } from "../base/option-table.ts";
import { EXIT_CODES } from "./command.ts";
import type { Command } from "./command.ts";
import { optionFlags, optionRemarks } from "./option-text.ts";

const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  ok: "done (also when the reader of standard output left)",
  failed: "failed; the reason is on standard error",
  usage: "the command line is wrong",
  interrupted: "ended by Ctrl-C; what was there is printed",
};

export function renderReference(commands: readonly Command[]): string {
  return `${[
    "# Command line",
    "Made from the option tables by `npx tsx scripts/generate-cli-docs.ts`; do not edit.",
    "Results go to standard output, everything said about them to standard error. An option on the command line wins over its environment variable, that over [turnwise.config.json](deploying.md), and that over the default.",
    commandList(commands),
    ...commands.map(commandSection),
    environmentSection(),
    exitCodeSection(),
  ].join("\n\n")}\n`;
}

const commandList = (commands: readonly Command[]): string =>
  commands
    .map(({ name, summary }) => `- [\`turnwise ${name}\`](#turnwise-${name.replaceAll(" ", "-")}): ${summary}`)
    .join("\n");

function commandSection(command: Command): string {
  const words = Object.entries(command.arguments).map(([name, { required }]) =>
    required ? name.toUpperCase() : `[${name.toUpperCase()}]`,
  );
  const parts = [`## turnwise ${command.name}`, `\`${["turnwise", command.name, ...words, "[options]"].join(" ")}\``];
  parts.push(`${command.summary}.${command.details === undefined ? "" : ` ${command.details.replaceAll("\n", " ")}`}`);
  const argumentLines = Object.entries(command.arguments).map(
    ([name, { help }]) => `- \`${name.toUpperCase()}\`: ${help}`,
  );
  if (argumentLines.length > 0) parts.push(argumentLines.join("\n"));
  for (const [heading, table] of Object.entries(command.groups)) parts.push(optionTable(heading, table));
  if (command.examples.length > 0) parts.push(`\`\`\`sh\n${command.examples.join("\n")}\n\`\`\``);
  return parts.join("\n\n");
}

function optionTable(heading: string, table: OptionTable): string {
  const rows = Object.entries(table).map(
    ([name, row]) =>
      `| \`${escapeCell(optionFlags(name, row))}\` | ${escapeCell(row.help)} | ${escapeCell(optionRemarks(row))} |`,
  );
  return [`| ${heading} | | default; range; environment |`, "| --- | --- | --- |", ...rows].join("\n");
}

const escapeCell = (text: string): string => text.replaceAll("|", "\\|");

function environmentSection(): string {
  return [
    "## Environment",
    "Besides the variables of the options above:",
    "",
    "| variable | meaning |",
    "| --- | --- |",
    "| `TURNWISE_API_KEY` | an API key for `serve` and `start` |",
    "| `TURNWISE_ADMIN_KEY` | one that also opens `/metrics`, `/drain` and `/admin` |",
    "| `TURNWISE_ISA` | force an instruction-set level of the native core; `turnwise doctor` lists them |",
    "| `TURNWISE_NATIVE` | path of a native core to load instead of the one that is found |",
    "| `TURNWISE_DEBUG` | not empty: errors print their stack |",
    "| `HF_ENDPOINT` | the hub that models are pulled from, by default `https://huggingface.co` |",
    "| `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME` | a token for the hub, its file, the folder of its file; sent to the hub alone |",
    "| `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` | the proxies that models are pulled through, and the hosts that are reached without; the same in small letters comes first |",
    "| `XDG_CACHE_HOME` | its folder `turnwise` holds pulled models, packed weights and a native core built here; by default `~/.cache` |",
    "| `TURNWISE_CACHE_DIR` | another folder for all of that |",
    "| `CXX` | the compiler of `build-native`, by default g++, else clang++ |",
  ].join("\n");
}

function exitCodeSection(): string {
  const rows = Object.entries(EXIT_CODES).map(
    ([name, code]) => `| ${code} | ${EXIT_MEANINGS[name as keyof typeof EXIT_CODES]} |`,
  );
  return ["## Exit codes", "", "| code | meaning |", "| --- | --- |", ...rows].join("\n");
}
