/**
 * `turnwise start`, which `npm start` runs: serves, plays one turn of an agent with two tools in the terminal,
 * as a client would, and shows how to go on. Without a terminal it ends after the turn.
 */

import type { ChatEndpoint } from "../../agent/chat-endpoint.ts";
import { runTurn, type TurnEvent } from "../../agent/run-turn.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { TurnwiseError } from "../../base/errors.ts";
import { PACKAGE_ROOT } from "../../base/package-root.ts";
import { resolveOptions } from "../../base/option-parse.ts";
import type { ListenAddress, TurnwiseServer } from "../../server/create-server.ts";
import { SERVER_OPTIONS } from "../../server/options.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { describeCapacity, describeModel } from "../describe-engine.ts";
import { withEngine } from "../load-engine.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { type DemoTurn, demoTurn } from "../start/demo-turn.ts";
import { renderEvent, renderSaid } from "../start/render-turn.ts";
import { TurnRecord } from "../start/turn-record.ts";
import { isInteractive, writeJson, writeLine, writeText } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { wrapText } from "../wrap-text.ts";
import { openServer, untilDrained } from "./serve.ts";

const START_OPTIONS = {
  port: {
    type: { kind: "integer", min: 0, max: 65_535 },
    default: 8080,
    env: "TURNWISE_PORT",
    help: "Port to listen on; the next free one where it is taken",
  },
  json: {
    type: { kind: "boolean" },
    default: false,
    env: null,
    help: "Print the turn as one line of JSON, and end",
  },
} as const satisfies OptionTable;

/** Ports tried after the first. */
const MORE_PORTS = 50;
const DEFAULT_COLUMNS = 80;
/** Wider lines are hard to read. */
const MAX_COLUMNS = 100;

export const START = defineCommand({
  name: "start",
  summary: "Serve on this machine, play one turn of an agent, and show how to go on",
  details:
    "This is what npm start runs. The turn calls two tools on this machine, a calculator and one that reads a file of\n" +
    "Turnwise's own folder. Without a terminal it ends after the turn.",
  arguments: { model: MODEL_ARGUMENT },
  groups: { Server: START_OPTIONS, Model: { ...ENGINE_OPTIONS, ...CACHE_OPTIONS } },
  examples: ["turnwise start", "turnwise start model.gguf --port 9000", "turnwise start --json"],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { terminal } = context;
    const path = await resolveModel(given, options.cacheDir, context);
    return withEngine(toEngineOptions(path, options), context, async (engine) => {
      const defaults = resolveOptions(SERVER_OPTIONS, { host: "127.0.0.1", "log-level": "warn" }, terminal.env);
      // A key file is left aside: the turn that is played has no key to send.
      const server = await openServer(engine, { ...defaults, port: options.port, apiKeyFile: null });
      const { url } = await listenNear(server, options.port, terminal);
      const drained = untilDrained(server, context);
      const model = defaults.alias ?? engine.model.id;
      const endpoint = { url: `${url}/v1`, model, apiKey: terminal.env["TURNWISE_API_KEY"] ?? null };
      const turn = demoTurn(PACKAGE_ROOT);
      if (options.json) {
        const record = new TurnRecord();
        const problem = await playTurn(endpoint, turn, async (event) => record.add(event));
        await writeJson(terminal.stdout, {
          url,
          model,
          prompt: turn.prompt,
          steps: record.steps,
          answer: record.answer,
          problem,
        });
        await server.drain("the turn is done");
        return problem === null ? EXIT_CODES.ok : EXIT_CODES.failed;
      }
      const columns = Math.min(terminal.stdout.columns ?? DEFAULT_COLUMNS, MAX_COLUMNS);
      for (const line of [describeModel(engine.model), ...describeCapacity(engine.capacity)]) {
        await writeText(terminal.stdout, wrapText(line, columns));
      }
      await showTurn(endpoint, turn, terminal, columns);
      await writeText(terminal.stdout, nextSteps(url, model, endpoint.apiKey !== null));
      if (isInteractive(terminal)) {
        await writeLine(terminal.stdout, `Serving at ${url}. Ctrl-C ends.`);
        await drained;
      } else {
        await writeLine(terminal.stdout, "There is no terminal, so this ends here; turnwise serve goes on serving.");
        await server.drain("the turn is done");
      }
      return EXIT_CODES.ok;
    });
  },
});

async function showTurn(endpoint: ChatEndpoint, turn: DemoTurn, { stdout }: Terminal, columns: number): Promise<void> {
  const names = turn.tools.map(({ name }) => name).join(" and ");
  await writeText(stdout, `\nA turn of an agent with the tools ${names}, over HTTP:\n\n`);
  await writeText(stdout, renderSaid("user", turn.prompt, columns));
  const problem = await playTurn(endpoint, turn, (event) => writeText(stdout, renderEvent(event, columns)));
  if (problem !== null) await writeLine(stdout, `  The turn failed: ${problem}`);
}

/** Listens on the wanted port or one of the next, saying so. */
async function listenNear(server: TurnwiseServer, wanted: number, terminal: Terminal): Promise<ListenAddress> {
  const last = Math.min(wanted + MORE_PORTS, 65_535);
  for (let port = wanted; ; port += 1) {
    try {
      const address = await server.listen(port);
      if (port !== wanted) await writeLine(terminal.stderr, `port ${wanted} is taken, using ${port}`);
      return address;
    } catch (thrown) {
      const taken = thrown instanceof TurnwiseError && thrown.code === "port_unavailable";
      if (!taken || port === last) throw thrown;
    }
  }
}

/** An agent's turn through the socket, as any client would play it. A model that fails at it is no reason to end. */
async function playTurn(
  endpoint: ChatEndpoint,
  { prompt, tools }: DemoTurn,
  onEvent: (event: TurnEvent) => Promise<void>,
): Promise<string | null> {
  try {
    for await (const event of runTurn(endpoint, [{ role: "user", content: prompt }], tools, TURN_LIMITS)) {
      await onEvent(event);
    }
    return null;
  } catch (thrown) {
    if (thrown instanceof TurnwiseError) return thrown.message;
    throw thrown;
  }
}

/** Replies of the turn, and tokens of each. */
const TURN_LIMITS = { maxSteps: 4, maxTokens: 256 };

function nextSteps(url: string, model: string, needsKey: boolean): string {
  const header = needsKey ? '\n    -H "authorization: Bearer $TURNWISE_API_KEY" \\' : "";
  return `
Ask it yourself:
  curl ${url}/v1/chat/completions \\${header}
    -H 'content-type: application/json' \\
    -d '{"model": "${model}",
         "messages": [{"role": "user", "content": "Hello"}]}'

From an OpenAI client (npm install openai):
  import OpenAI from "openai";
  const client = new OpenAI({
    baseURL: "${url}/v1",
    apiKey: ${needsKey ? "process.env.TURNWISE_API_KEY" : '"none"'},
  });
  const stream = await client.chat.completions.create({
    model: "${model}",
    messages: [{ role: "user", content: "Hello" }],
    stream: true,
  });
  for await (const { choices } of stream) {
    process.stdout.write(choices[0]?.delta.content ?? "");
  }

With a larger model (a file, a folder, or one of the Hugging Face hub):
  npx turnwise serve hf:Qwen/Qwen2.5-1.5B-Instruct-GGUF

`;
}
