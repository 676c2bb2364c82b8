/**
 * The server's options as data. The command line derives its flags, `--help` and the environment
 * variables from this table; `createServer` takes the values.
 */

import { TOOL_FORMAT_NAMES } from "../text/tools/tool-format.ts";
import type { OptionTable, OptionValues } from "../base/option-table.ts";

export const SERVER_OPTIONS = {
  host: {
    type: { kind: "string", placeholder: "ADDRESS" },
    default: "127.0.0.1",
    env: "TURNWISE_HOST",
    help: "Address to listen on; one that others can reach needs an API key",
  },
  port: {
    type: { kind: "integer", min: 0, max: 65535 },
    default: 8080,
    env: "TURNWISE_PORT",
    help: "Port to listen on; 0 takes a free one",
  },
  "api-key-file": {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: "TURNWISE_API_KEY_FILE",
    help: "File of API keys: lines of sha256:HASH, or JSON with tenants; TURNWISE_API_KEY gives a single key",
    reload: true,
  },
  "admin-listen": {
    type: { kind: "string", placeholder: "[ADDRESS:]PORT" },
    default: null,
    env: "TURNWISE_ADMIN_LISTEN",
    help: "Serve /metrics, /drain and /admin here too, on loopback without a key; else they need an admin key",
  },
  "tls-cert": {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: "TURNWISE_TLS_CERT",
    help: "Answer HTTPS with this certificate chain (PEM); SIGHUP reads it again",
    reload: true,
  },
  "tls-key": {
    type: { kind: "string", placeholder: "FILE" },
    default: null,
    env: "TURNWISE_TLS_KEY",
    help: "Private key of --tls-cert (PEM)",
    reload: true,
  },
  insecure: {
    type: { kind: "boolean" },
    default: false,
    env: "TURNWISE_INSECURE",
    help: "Listen beyond this machine without an API key",
  },
  "cors-origin": {
    type: { kind: "string", placeholder: "ORIGINS" },
    default: null,
    env: "TURNWISE_CORS_ORIGIN",
    help: "Web origins that may call from a browser, comma-separated, or *; none by default",
  },
  "allow-host": {
    type: { kind: "string", placeholder: "NAMES" },
    default: null,
    env: "TURNWISE_ALLOW_HOST",
    help: "Names besides localhost that a server without keys may be called by, comma-separated",
    reload: true,
  },
  alias: {
    type: { kind: "string", placeholder: "NAME" },
    default: null,
    env: "TURNWISE_ALIAS",
    help: "Model id that clients see; by default the file's name",
  },
  "max-body": {
    type: { kind: "bytes" },
    default: 16 * 1024 * 1024,
    env: "TURNWISE_MAX_BODY",
    help: "Largest request body",
    reload: true,
  },
  "shared-prefix": {
    type: { kind: "strings", placeholder: "FILE" },
    default: null,
    env: "TURNWISE_SHARED_PREFIX",
    help: "Compute at start what all tenants' prompts may begin with: messages and tools as JSON, or a text",
  },
  "store-ttl": {
    type: { kind: "duration" },
    default: 60 * 60 * 1000,
    env: "TURNWISE_STORE_TTL",
    help: "How long a response of /v1/responses can be continued or read again",
  },
  "store-bytes": {
    type: { kind: "bytes" },
    default: 64 * 1024 * 1024,
    env: "TURNWISE_STORE_BYTES",
    help: "Memory for the stored responses of one tenant; the least recently used go first",
  },
  "tool-wait": {
    type: { kind: "duration" },
    default: 180_000,
    env: "TURNWISE_TOOL_WAIT",
    help: "After a turn that called tools its KV cache is evicted last for this long: the results are expected",
    reload: true,
  },
  "request-timeout": {
    type: { kind: "duration" },
    default: 0,
    env: "TURNWISE_REQUEST_TIMEOUT",
    help: "Longest time from a request's first byte to the end of its answer; 0 sets no limit",
    reload: true,
  },
  "write-timeout": {
    type: { kind: "duration" },
    default: 60_000,
    env: "TURNWISE_WRITE_TIMEOUT",
    help: "A client that reads nothing for this long is disconnected; 0 waits for ever",
    reload: true,
  },
  "drain-timeout": {
    type: { kind: "duration" },
    default: 30_000,
    env: "TURNWISE_DRAIN_TIMEOUT",
    help: "On shutdown, running requests have this long to finish",
    reload: true,
  },
  "ping-interval": {
    type: { kind: "duration" },
    default: 10_000,
    env: "TURNWISE_PING_INTERVAL",
    help: "A stream that is silent this long gets a comment, so that proxies keep it; 0 sends none",
    reload: true,
  },
  "tool-format": {
    type: { kind: "choice", choices: ["auto", ...TOOL_FORMAT_NAMES] },
    default: "auto",
    env: "TURNWISE_TOOL_FORMAT",
    help: "How the model writes tool calls; auto takes it from the chat template",
  },
  "strict-fields": {
    type: { kind: "boolean" },
    default: false,
    env: "TURNWISE_STRICT_FIELDS",
    help: "Refuse request fields that are not known, instead of listing them as ignored",
    reload: true,
  },
  "log-level": {
    type: { kind: "choice", choices: ["silent", "error", "warn", "info", "debug"] },
    default: "info",
    env: "TURNWISE_LOG_LEVEL",
    help: "Least serious log line to write (JSON lines on stderr)",
    reload: true,
  },
  "log-prompts": {
    type: { kind: "boolean" },
    default: false,
    env: "TURNWISE_LOG_PROMPTS",
    help: "Write prompts and outputs to the log; they are never written otherwise",
    reload: true,
  },
} as const satisfies OptionTable;

/** Durations are milliseconds, sizes are bytes. */
export type ServerOptions = OptionValues<typeof SERVER_OPTIONS>;
