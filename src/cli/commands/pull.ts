/** `turnwise pull`: fetches a model from a hub into the cache. */

import { requireHubReference } from "../../hub/reference.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { pullInTerminal } from "../pull-in-terminal.ts";
import { writeLine } from "../terminal.ts";

export const PULL = defineCommand({
  name: "pull",
  summary: "Fetch a model from the Hugging Face hub",
  details:
    "Without QUANT it takes Q4_K_M, else Q4_0; of a repository without GGUF files the checkpoint: safetensors, config.json,\n" +
    "tokeniser and chat template, a folder that runs as it is. QUANT safetensors asks for that where there are both.\n" +
    "REVISION is a branch, a tag or a commit; without it, what the main branch is now.\n" +
    "Run again after an interruption, it goes on where it ended; every file's hash is checked.\n" +
    "HF_ENDPOINT names another hub; HF_TOKEN, or the token that the hub's own tools keep, is sent to it alone.\n" +
    "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name a proxy. Prints the path.",
  arguments: { model: { required: true, help: "hf:ORG/NAME[:QUANT][@REVISION]" } },
  groups: { Cache: CACHE_OPTIONS },
  examples: [
    "turnwise pull hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF",
    "turnwise pull hf:bartowski/Llama-3.2-1B-Instruct-GGUF:Q8_0",
    "turnwise pull hf:Qwen/Qwen2.5-1.5B-Instruct-AWQ",
    "HTTPS_PROXY=http://proxy:3128 turnwise pull hf:bartowski/Llama-3.2-1B-Instruct-GGUF",
  ],
  run: async ({ arguments: { model }, options }, context) => {
    const path = await pullInTerminal(requireHubReference(model), options.cacheDir, context);
    await writeLine(context.terminal.stdout, path);
    return EXIT_CODES.ok;
  },
});
