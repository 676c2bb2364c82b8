/** A server of a fake engine, its options, and its log as objects. */

import { resolveOptions } from "../../../src/base/option-parse.ts";
import type { EngineApi } from "../../../src/engine/types.ts";
import { createServer } from "../../../src/server/create-server.ts";
import type { TurnwiseServer } from "../../../src/server/create-server.ts";
import { SERVER_OPTIONS } from "../../../src/server/options.ts";
import type { ServerOptions } from "../../../src/server/options.ts";
import { FakeEngine } from "./fake-engine.ts";
import type { FakeScript } from "./fake-engine.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export interface TestServer {
  readonly server: TurnwiseServer;
  readonly logs: LogLine[];
  /** POSTs JSON in process. */
  readonly post: (path: string, body: unknown, headers?: Readonly<Record<string, string>>) => Promise<Response>;
  readonly get: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>;
}

export function serverOptions(overrides: Partial<ServerOptions> = {}): ServerOptions {
  return { ...resolveOptions(SERVER_OPTIONS, {}), port: 0, ...overrides };
}

export function testServer(
  engine: EngineApi | Promise<EngineApi>,
  overrides: Partial<ServerOptions> = {},
  env: Readonly<Record<string, string>> = {},
): TestServer {
  const logs: LogLine[] = [];
  const logDestination = { write: (line: string) => void logs.push(JSON.parse(line) as LogLine) };
  const server = createServer(engine, serverOptions(overrides), { env, logDestination });
  return {
    server,
    logs,
    post: async (path, body, headers = {}) =>
      server.app.request(path, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "content-type": "application/json", ...headers },
      }),
    get: async (path, headers = {}) => server.app.request(path, { headers }),
  };
}

/** A server whose engine follows `script`. */
export function scriptedServer(
  script: Partial<FakeScript> = {},
  overrides: Partial<ServerOptions> = {},
): TestServer & { readonly engine: FakeEngine } {
  const engine = new FakeEngine(script);
  return { ...testServer(engine, overrides), engine };
}

/** The events of a finished stream: JSON, or the text "[DONE]". */
export async function readEvents(response: Response): Promise<unknown[]> {
  const blocks = (await response.text()).split("\n\n").filter((block) => block.startsWith("data: "));
  return blocks.map((block) => {
    const data = block.slice("data: ".length);
    return data === "[DONE]" ? data : (JSON.parse(data) as unknown);
  });
}

/** The events of a finished stream that have names. */
export async function readNamedEvents(response: Response): Promise<{ name: string; data: unknown }[]> {
  const blocks = (await response.text()).split("\n\n").filter((block) => block.startsWith("event: "));
  return blocks.map((block) => {
    const [name = "", data = ""] = block.split("\n");
    return { name: name.slice("event: ".length), data: JSON.parse(data.slice("data: ".length)) as unknown };
  });
}

/** The JSON of each event of a finished stream, whether events have names or not. */
export async function readEventData(response: Response): Promise<unknown[]> {
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
  const texts = lines.map((line) => line.slice("data: ".length)).filter((data) => data !== "[DONE]");
  return texts.map((text) => JSON.parse(text) as unknown);
}

/** Long enough for a machine that is busy with other tests. */
const PATIENCE_MS = 20_000;

/** Waits until `condition` holds; fails the test by timing out otherwise. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new RangeError(`waited too long for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
