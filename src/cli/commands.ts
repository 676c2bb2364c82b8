/** All commands, in the order that help lists them. */

import type { Command } from "./command.ts";
import { BENCH_SESSIONS } from "./commands/bench-sessions.ts";
import { BENCH_GRAMMAR } from "./commands/bench-grammar.ts";
import { BENCH_TURNS } from "./commands/bench-turns.ts";
import { BENCH } from "./commands/bench.ts";
import { BUILD_NATIVE } from "./commands/build-native.ts";
import { CACHE } from "./commands/cache.ts";
import { CHAT } from "./commands/chat.ts";
import { CONFIG } from "./commands/config.ts";
import { CONVERT } from "./commands/convert.ts";
import { DOCTOR } from "./commands/doctor.ts";
import { EXPLAIN } from "./commands/explain.ts";
import { INSPECT } from "./commands/inspect.ts";
import { MODELS } from "./commands/models.ts";
import { PACK } from "./commands/pack.ts";
import { PERPLEXITY } from "./commands/perplexity.ts";
import { PROJECT } from "./commands/project.ts";
import { PULL } from "./commands/pull.ts";
import { RUN } from "./commands/run.ts";
import { SERVE } from "./commands/serve.ts";
import { START } from "./commands/start.ts";
import { TEMPLATE } from "./commands/template.ts";
import { SYNTH } from "./commands/synth.ts";
import { TOKENIZE } from "./commands/tokenize.ts";

export const COMMANDS: readonly Command[] = [
  START,
  SERVE,
  RUN,
  CHAT,
  PULL,
  MODELS,
  PACK,
  CACHE,
  INSPECT,
  TOKENIZE,
  TEMPLATE,
  PERPLEXITY,
  BENCH,
  BENCH_TURNS,
  BENCH_SESSIONS,
  BENCH_GRAMMAR,
  CONVERT,
  EXPLAIN,
  PROJECT,
  CONFIG,
  SYNTH,
  DOCTOR,
  BUILD_NATIVE,
];
