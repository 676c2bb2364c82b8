/** Sends random requests to a server over the engine with a small model, and says what was wrong with the answers. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Hono } from "hono";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineStats } from "../../src/engine/types.ts";
import { writeRandomModel } from "../../src/models/random/random-model.ts";
import { createServer } from "../../src/server/create-server.ts";
import { resolveOptions } from "../../src/base/option-parse.ts";
import { SERVER_OPTIONS } from "../../src/server/options.ts";
import type { HonoEnv } from "../../src/server/server-context.ts";
import { type RandomRequest, RandomRequests } from "./random-requests.ts";

export interface FuzzReport {
  /** How many answers of each status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Requests that were answered by a defect of the server, or not at all. */
  readonly failures: readonly string[];
  /** Of the JavaScript heap and of what buffers hold, between an early point and the end, after collection. */
  readonly heapGrowthBytes: number;
  readonly residentGrowthBytes: number;
  /** Of `/ready`, after all that. */
  readonly readyStatus: number;
  readonly stats: EngineStats;
}

export async function fuzzRequests(seed: number, count: number): Promise<FuzzReport> {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-fuzz-"));
  const model = join(folder, "tiny.gguf");
  writeRandomModel(model, "tiny", "q8_0", 1);
  const engine = await Engine.load({ model, contextTokens: 256, maxSequences: 8 });
  const options = resolveOptions(SERVER_OPTIONS, { "store-bytes": "1MiB", "log-level": "silent" });
  const server = createServer(engine, options, { env: {} });
  try {
    const answers = await fuzzServer(server.app, seed, count);
    const { status: readyStatus } = await server.app.request("/ready");
    return { ...answers, readyStatus, stats: await engine.stats() };
  } finally {
    await server.close();
    await engine.dispose();
    rmSync(folder, { recursive: true });
  }
}

/** At once: as many as a server has in progress. */
const CONCURRENT = 8;
/** By then caches and pools have their size. */
const WARM_SHARE = 0.4;
const SHOWN_BYTES = 1500;

async function fuzzServer(
  app: Hono<HonoEnv>,
  seed: number,
  count: number,
): Promise<Omit<FuzzReport, "readyStatus" | "stats">> {
  const random = new RandomRequests(seed);
  const statuses = new Map<number, number>();
  const failures: string[] = [];
  let sent = 0;
  const client = async (until: number): Promise<void> => {
    while (sent < until) {
      sent += 1;
      const request = random.next();
      const { status, text } = await send(app, request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      for (const [id] of text.matchAll(/(?:resp|sess)_[0-9a-f]{32}/g)) random.learn(id);
      const failure = failureOf(status, text);
      if (failure !== null) failures.push(`${failure}: ${describe(request)}`);
    }
  };
  const clients = (until: number): Promise<unknown> =>
    Promise.all(Array.from({ length: CONCURRENT }, () => client(until)));
  await clients(Math.floor(count * WARM_SHARE));
  const early = usedMemory();
  await clients(count);
  const late = usedMemory();
  return {
    statuses,
    failures,
    heapGrowthBytes: late.heap - early.heap,
    residentGrowthBytes: late.resident - early.resident,
  };
}

async function send(app: Hono<HonoEnv>, request: RandomRequest): Promise<{ status: number; text: string }> {
  const init = { method: "POST", body: request.body as Uint8Array<ArrayBuffer>, headers: request.headers };
  const response = await app.request(request.path, init);
  return { status: response.status, text: await response.text() };
}

/** A stream tells of a defect in an event, after its status. */
function failureOf(status: number, text: string): string | null {
  if (status !== 200 && (status < 400 || status > 499)) return `status ${status} ${text.slice(0, 300)}`;
  return /The server failed|"server_error"|"api_error"/.test(text) ? `a failed answer ${text.slice(-500)}` : null;
}

function describe({ path, body }: RandomRequest): string {
  return `${path} ${Buffer.from(body).toString("utf8").slice(0, SHOWN_BYTES)}`;
}

function usedMemory(): { readonly heap: number; readonly resident: number } {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, resident: rss };
}
