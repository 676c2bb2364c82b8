#!/usr/bin/env node
/**
 * The `turnwise` program. Commands that run a model have the engine's threads started before anything else: those
 * load their modules while this thread loads the command's.
 */

import { startThreadsAhead } from "../engine/threads/worker-thread.ts";

const RUN_A_MODEL: ReadonlySet<string | undefined> = new Set(["start", "serve", "run", "chat"]);

if (RUN_A_MODEL.has(process.argv[2])) startThreadsAhead();
await import("./program.ts");
