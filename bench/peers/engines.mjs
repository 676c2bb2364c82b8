/**
 * The engines: for each case the command that measures it, and how to read tokens a second from what it
 * prints. A case that an engine cannot run has no command.
 */

import { join } from "node:path";
import { LLAMA_CPP_BIN } from "./build-llama-cpp.mjs";
import { TURNWISE } from "./turnwise-cli.mjs";

/** Each is { name, command(case, settings) -> [program, ...args] | null, rate(stdout) }. */
export const ENGINES = [
  { name: "turnwise", command: turnwiseCommand, rate: (text) => JSON.parse(text).cases[0].tokensPerSecond.median },
  {
    name: "llama.cpp fa-off",
    command: (benchCase, settings) => llamaCppCommand(benchCase, settings, false),
    rate: llamaCppRate,
  },
  {
    name: "llama.cpp fa-on",
    command: (benchCase, settings) => llamaCppCommand(benchCase, settings, true),
    rate: llamaCppRate,
  },
  { name: "node-llama-cpp", command: nodeLlamaCppCommand, rate: (text) => JSON.parse(text).tokensPerSecond },
];

function turnwiseCommand({ name }, { model, threads }) {
  return [
    process.execPath,
    TURNWISE,
    "bench",
    model,
    "--cases",
    name,
    "--rounds",
    "1",
    "--threads",
    `${threads}`,
    "--json",
  ];
}

/** llama-bench warms up by itself; llama-batched-bench for sequences that decode together. */
function llamaCppCommand({ kind, tokens, sequences, depth }, { model, threads }, flash) {
  const common = ["-m", model, "-t", `${threads}`, "-ngl", "0", "-fa", flash ? "on" : "off"];
  if (sequences === 1) {
    const work = kind === "prefill" ? ["-p", `${tokens}`, "-n", "0"] : ["-p", "0", "-n", `${tokens}`];
    return [join(LLAMA_CPP_BIN, "llama-bench"), ...common, ...work, "-d", `${depth}`, "-r", "1", "-o", "json"];
  }
  // It needs a prompt; one token is the least.
  const prompt = Math.max(1, depth);
  const work = ["-npp", `${prompt}`, "-ntg", `${tokens}`, "-npl", `${sequences}`];
  const context = ["-c", `${sequences * (prompt + tokens)}`, "-b", "2048", "-ub", "512"];
  return [join(LLAMA_CPP_BIN, "llama-batched-bench"), ...common, ...work, ...context, "--output-format", "jsonl"];
}

function llamaCppRate(text) {
  // llama-bench prints an array; llama-batched-bench lines, some of which are logs.
  if (text.trimStart().startsWith("[")) return JSON.parse(text)[0].avg_ts;
  const line = text.split("\n").find((candidate) => candidate.startsWith("{") && candidate.includes("speed_tg"));
  return JSON.parse(line).speed_tg;
}

function nodeLlamaCppCommand({ kind, tokens, sequences, depth }, { model, threads }) {
  if (sequences !== 1) return null;
  const program = join(import.meta.dirname, "node-llama-cpp-case.mjs");
  return [process.execPath, program, model, `${threads}`, kind, `${tokens}`, `${depth}`];
}
