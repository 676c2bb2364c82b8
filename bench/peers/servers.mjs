/**
 * The servers: for each the command that starts it on one port of this machine. llama-server shares one KV
 * cache among its slots, and keeps no copies of old prompts beside it, so that all have the bytes that they are given.
 */

import { join } from "node:path";
import { LLAMA_CPP_BIN } from "./build-llama-cpp.mjs";
import { valuesPerToken } from "./context-size.mjs";
import { TURNWISE } from "./turnwise-cli.mjs";

const PORT = 8931;

/** Bytes of one value. */
const KV_TYPES = { f16: 2, q8_0: 34 / 32 };

const llamaServer = (flash, kvType) => ({
  name: `llama-server fa-${flash} ${kvType}`,
  command: ({ model, threads, peerKvBytes, sessions }) => {
    const tokens = Math.floor(peerKvBytes / (valuesPerToken(model) * KV_TYPES[kvType]));
    return [
      join(LLAMA_CPP_BIN, "llama-server"),
      ...[
        "-m",
        model,
        "-t",
        `${threads}`,
        "-tb",
        `${threads}`,
        "-ngl",
        "0",
        "--host",
        "127.0.0.1",
        "--port",
        `${PORT}`,
      ],
      ...["-np", `${sessions}`, "-c", `${tokens}`, "--kv-unified", "--cache-ram", "0", "--no-webui"],
      ...["-fa", flash, "-ctk", kvType, "-ctv", kvType],
    ];
  },
});

export const SERVERS = Object.assign(
  [
    {
      name: "turnwise",
      command: ({ model, threads, kvBytes }) => [
        ...[process.execPath, TURNWISE, "serve", model, "--port", `${PORT}`, "--threads", `${threads}`],
        ...["--kv-memory", `${kvBytes}`, "--log-level", "error"],
      ],
    },
    llamaServer("on", "q8_0"),
    llamaServer("on", "f16"),
    // A quantised V needs flash attention there.
    llamaServer("off", "f16"),
  ],
  { port: PORT },
);
