/**
 * The engines: for each case the command that measures it, and how to read tokens a second from what it
 * prints. A case that an engine cannot run has no command.
 */

import { join } from "node:path";
import { LLAMA_CPP_BIN } from "./build-llama-cpp.mjs";
import { TURNWISE } from "./turnwise-cli.mjs";

/**
 * Each is { name, command(case, settings) -> [program, ...args] | null, read(stdout) -> { tokensPerSecond, ... } }. Turnwise
 * also says what shares of the machine's limits that is.
 */
export const ENGINES = [
  { name: "turnwise", command: turnwiseCommand, read: readTurnwise },
  {
    name: "turnwise f16",
    command: (benchCase, settings) =>
      readsMuchCache(benchCase) ? [...turnwiseCommand(benchCase, settings), "--kv-type", "f16"] : null,
    read: readTurnwise,
  },
  {
    name: "llama.cpp fa-off",
    command: (benchCase, settings) => llamaCppCommand(benchCase, settings, false),
    read: readLlamaCpp,
  },
  {
    name: "llama.cpp fa-on",
    command: (benchCase, settings) => llamaCppCommand(benchCase, settings, true),
    read: readLlamaCpp,
  },
  { name: "node-llama-cpp", command: nodeLlamaCppCommand, read: JSON.parse },
];

/** Then what K and V are stored in shows, and the comparison in the peers' type is one of its own. */
const readsMuchCache = ({ kind, depth }) => kind === "decode" && depth > 0;

function turnwiseCommand({ name }, { model, threads }) {
  const options = ["--cases", name, "--rounds", "1", "--threads", `${threads}`, "--json"];
  return [process.execPath, TURNWISE, "bench", model, ...options];
}

function readTurnwise(text) {
  const { tokensPerSecond, bandwidthShare, int8Share } = JSON.parse(text).cases[0];
  return { tokensPerSecond: tokensPerSecond.median, bandwidthShare, int8Share };
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

function readLlamaCpp(text) {
  // llama-bench prints an array; llama-batched-bench lines, some of which are logs.
  if (text.trimStart().startsWith("[")) return { tokensPerSecond: JSON.parse(text)[0].avg_ts };
  const line = text.split("\n").find((candidate) => candidate.startsWith("{") && candidate.includes("speed_tg"));
  return { tokensPerSecond: JSON.parse(line).speed_tg };
}

function nodeLlamaCppCommand({ kind, tokens, sequences, depth }, { model, threads }) {
  if (sequences !== 1) return null;
  const program = join(import.meta.dirname, "node-llama-cpp-case.mjs");
  return [process.execPath, program, model, `${threads}`, kind, `${tokens}`, `${depth}`];
}
