/**
 * All commands, in the order that help lists them. Each is loaded from its own file, so that a command does
 * not wait for the libraries of all others: they would take longer to load than a small model.
 */

import type { Command } from "./command.ts";

/** By the names that their records have. */
const LOADERS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import("./commands/start.ts")).START,
  serve: async () => (await import("./commands/serve.ts")).SERVE,
  run: async () => (await import("./commands/run.ts")).RUN,
  chat: async () => (await import("./commands/chat.ts")).CHAT,
  pull: async () => (await import("./commands/pull.ts")).PULL,
  models: async () => (await import("./commands/models.ts")).MODELS,
  pack: async () => (await import("./commands/pack.ts")).PACK,
  cache: async () => (await import("./commands/cache.ts")).CACHE,
  inspect: async () => (await import("./commands/inspect.ts")).INSPECT,
  tokenize: async () => (await import("./commands/tokenize.ts")).TOKENIZE,
  template: async () => (await import("./commands/template.ts")).TEMPLATE,
  perplexity: async () => (await import("./commands/perplexity.ts")).PERPLEXITY,
  bench: async () => (await import("./commands/bench.ts")).BENCH,
  "bench start": async () => (await import("./commands/bench-start.ts")).BENCH_START,
  "bench turns": async () => (await import("./commands/bench-turns.ts")).BENCH_TURNS,
  "bench sessions": async () => (await import("./commands/bench-sessions.ts")).BENCH_SESSIONS,
  "bench stalls": async () => (await import("./commands/bench-stalls.ts")).BENCH_STALLS,
  "bench pauses": async () => (await import("./commands/bench-pauses.ts")).BENCH_PAUSES,
  "bench grammar": async () => (await import("./commands/bench-grammar.ts")).BENCH_GRAMMAR,
  "eval agent": async () => (await import("./commands/eval-agent.ts")).EVAL_AGENT,
  "eval bfcl": async () => (await import("./commands/eval-bfcl.ts")).EVAL_BFCL,
  convert: async () => (await import("./commands/convert.ts")).CONVERT,
  explain: async () => (await import("./commands/explain.ts")).EXPLAIN,
  project: async () => (await import("./commands/project.ts")).PROJECT,
  config: async () => (await import("./commands/config.ts")).CONFIG,
  synth: async () => (await import("./commands/synth.ts")).SYNTH,
  doctor: async () => (await import("./commands/doctor.ts")).DOCTOR,
  "build-native": async () => (await import("./commands/build-native.ts")).BUILD_NATIVE,
};

export const COMMAND_NAMES = Object.keys(LOADERS);

export function allCommands(): Promise<readonly Command[]> {
  return Promise.all(Object.values(LOADERS).map((load) => load()));
}

/** The commands that a command line can mean: those whose name begins with its first word, else all. */
export function commandsFor([word]: readonly string[]): Promise<readonly Command[]> {
  const loaders = Object.entries(LOADERS).flatMap(([name, load]) => (name.split(" ")[0] === word ? [load] : []));
  return loaders.length === 0 ? allCommands() : Promise.all(loaders.map((load) => load()));
}
