/**
 * `turnwise start`, which `npm start` runs: serves, plays one request in the terminal as a client would
 * send it, and shows how to go on. Without a terminal it ends after the request.
 */

import type { OptionTable } from "../../base/option-table.ts";
import { TurnwiseError } from "../../base/errors.ts";
import { resolveOptions } from "../../base/option-parse.ts";
import type { EngineApi } from "../../engine/types.ts";
import type { ListenAddress, TurnwiseServer } from "../../server/create-server.ts";
import { SERVER_OPTIONS } from "../../server/options.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { describeCapacity, describeModel } from "../describe-engine.ts";
import { RANDOM_WEIGHTS_NOTICE, withEngine } from "../load-engine.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { ENGINE_OPTIONS, toEngineOptions } from "../options/engine-options.ts";
import { MODEL_ARGUMENT, resolveModel } from "../resolve-model.ts";
import { streamChat } from "../stream-chat.ts";
import { isInteractive, printable, writeLine, writeText } from "../terminal.ts";
import type { Terminal } from "../terminal.ts";
import { openServer, untilDrained } from "./serve.ts";

const START_OPTIONS = {
  port: {
    type: { kind: "integer", min: 0, max: 65_535 },
    default: 8080,
    env: "TURNWISE_PORT",
    help: "Port to listen on; the next free one where it is taken",
  },
} as const satisfies OptionTable;

/** Ports tried after the first. */
const MORE_PORTS = 50;
const DEMO_PROMPT = "Say hello in one short sentence.";
const DEMO_TOKENS = 48;

export const START = defineCommand({
  name: "start",
  summary: "Serve on this machine, play one request, and show how to go on",
  details: "This is what npm start runs. Without a terminal it ends after the request.",
  arguments: { model: MODEL_ARGUMENT },
  groups: { Server: START_OPTIONS, Model: { ...ENGINE_OPTIONS, ...CACHE_OPTIONS } },
  examples: ["turnwise start", "turnwise start model.gguf --port 9000"],
  run: async ({ arguments: { model: given }, options }, context) => {
    const { terminal } = context;
    const path = await resolveModel(given, options.cacheDir, context);
    return withEngine(toEngineOptions(path, options), context, async (engine) => {
      const defaults = resolveOptions(SERVER_OPTIONS, { host: "127.0.0.1", "log-level": "warn" }, terminal.env);
      // A key file is left aside: the request that is played has no key to send.
      const server = await openServer(engine, { ...defaults, port: options.port, apiKeyFile: null });
      const address = await listenNear(server, options.port, terminal);
      const drained = untilDrained(server, context);
      for (const line of [describeModel(engine.model), ...describeCapacity(engine.capacity)]) {
        await writeLine(terminal.stdout, line);
      }
      const model = defaults.alias ?? engine.model.id;
      await playRequest(address.url, model, engine, terminal);
      await writeText(terminal.stdout, nextSteps(address.url, model));
      if (isInteractive(terminal)) {
        await writeLine(terminal.stdout, `Serving at ${address.url}. Ctrl-C ends.`);
        await drained;
      } else {
        await writeLine(terminal.stdout, "There is no terminal, so this ends here; turnwise serve goes on serving.");
        await server.drain("the request is done");
      }
      return EXIT_CODES.ok;
    });
  },
});

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

/** Sends one request through the socket and shows the answer as it comes. */
async function playRequest(url: string, model: string, engine: EngineApi, terminal: Terminal): Promise<void> {
  await writeLine(terminal.stdout, `\nPOST ${url}/v1/chat/completions`);
  await writeLine(terminal.stdout, `  user: ${DEMO_PROMPT}`);
  if (engine.model.randomWeights) await writeLine(terminal.stdout, `  (${RANDOM_WEIGHTS_NOTICE})`);
  await writeText(terminal.stdout, "  assistant: ");
  const startMs = performance.now();
  let firstMs: number | null = null;
  const request = { model, prompt: DEMO_PROMPT, maxTokens: DEMO_TOKENS };
  for await (const text of streamChat(url, request, terminal.env["TURNWISE_API_KEY"])) {
    firstMs ??= performance.now() - startMs;
    await writeText(terminal.stdout, printable(text));
  }
  const totalMs = performance.now() - startMs;
  await writeLine(
    terminal.stdout,
    `\n  (first text after ${(firstMs ?? totalMs).toFixed(0)} ms, all after ${totalMs.toFixed(0)} ms)`,
  );
}

function nextSteps(url: string, model: string): string {
  return `
Try it:
  curl ${url}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'

From an OpenAI client (npm install openai):
  import OpenAI from "openai";
  const client = new OpenAI({ baseURL: "${url}/v1", apiKey: "none" });
  const stream = await client.chat.completions.create({
    model: "${model}", stream: true, messages: [{ role: "user", content: "Hello" }],
  });
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");

With a model of your own (a GGUF file or a Hugging Face directory of the Llama family):
  npx turnwise serve path/to/model.gguf

`;
}
