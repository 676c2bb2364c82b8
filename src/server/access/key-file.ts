/**
 * The file of API keys. Lines: each `sha256:` and the SHA-256 of a key in hex, all of one tenant; blank lines
 * and lines that begin with # are skipped. A line may be the key itself, which whoever reads the file then
 * has: the server warns of it. JSON: the SHA-256 of each key, in hex, with its tenant and what that may have:
 *
 *     { "9f86d0...": { "tenant": "team-a", "name": "ci", "priority": 1, "weight": 2, "admin": false,
 *                      "expires": "2030-01-31T00:00:00Z",
 *                      "limits": { "max_requests": 8, "max_sessions": 100, "kv_share": 0.5, "turn_timeout_s": 120,
 *                                  "requests_per_minute": 60, "tokens_per_minute": 100000 } } }
 *
 * Several keys may name one tenant: it outlives each of them. The requests at once and the limits a minute are
 * each key's own. An admin key also opens the routes for operators.
 */

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { fail, TurnwiseError } from "../../base/errors.ts";
import { MAX_WEIGHT, MIN_WEIGHT } from "../../engine/build-order.ts";
import { describeIssue } from "../fields/describe-issue.ts";
import { DEFAULT_TENANT, type Tenant } from "../tenant.ts";
import type { RateLimits } from "./rate-meter.ts";

export interface KnownKey {
  /** SHA-256 of the key. */
  readonly digest: Buffer;
  /** It lies in the file as it is. */
  readonly exposed: boolean;
  readonly tenant: Tenant;
  /** Its own, by which the log tells it from the tenant's other keys; null where it has none. */
  readonly name: string | null;
  readonly admin: boolean;
  /** In progress at once. */
  readonly maxRequests: number;
  /** Null: none. */
  readonly limits: RateLimits | null;
  readonly expiresMs: number;
}

/** A key file is small; a large one is a mistake, such as a model's path. */
const MAX_KEY_FILE_BYTES = 1024 * 1024;
/** Metrics name tenants, and log lines both. */
const MAX_NAME_CHARACTERS = 100;

/** A turn that may take longer than a day has no limit. */
const MAX_TIMEOUT_SECONDS = 86_400;

const perMinute = z.int().min(1).default(Infinity);

const keyEntry = z.strictObject({
  tenant: z.string().min(1).max(MAX_NAME_CHARACTERS),
  name: z.string().max(MAX_NAME_CHARACTERS).optional(),
  admin: z.boolean().default(false),
  priority: z.int().min(-100).max(100).default(0),
  weight: z.number().min(MIN_WEIGHT).max(MAX_WEIGHT).default(1),
  expires: z.iso.datetime({ offset: true }).optional(),
  limits: z
    .strictObject({
      max_requests: z.int().min(1).default(Infinity),
      max_sessions: z.int().min(1).default(DEFAULT_TENANT.maxSessions),
      kv_share: z.number().gt(0).max(1).default(1),
      requests_per_minute: perMinute,
      tokens_per_minute: perMinute,
      max_waiting: z.int().min(1).default(Infinity),
      max_waiting_tokens: z.int().min(1).default(Infinity),
      max_turn_tokens: z.int().min(1).default(Infinity),
      turn_timeout_s: z.number().gt(0).max(MAX_TIMEOUT_SECONDS).default(Infinity),
    })
    .prefault({}),
});

const keyEntries = z.record(z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in lower-case hex"), keyEntry);

/** Throws `file_unreadable`, or `invalid_option` for what is wrong in it: a file without keys must not let everyone in. */
export function readKeyFile(path: string): KnownKey[] {
  const text = readText(path);
  const keys = text.trimStart().startsWith("{") ? parseJsonKeys(text, path) : parseKeyLines(text, path);
  if (keys.length === 0) failKeyFile(`${path} holds no key`);
  return keys;
}

export function plainKey(key: string, admin: boolean): KnownKey {
  return hashedKey(sha256(key), admin);
}

function hashedKey(digest: Buffer, admin: boolean): KnownKey {
  return {
    digest,
    exposed: false,
    tenant: DEFAULT_TENANT,
    name: null,
    admin,
    maxRequests: Infinity,
    limits: null,
    expiresMs: Infinity,
  };
}

export function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function readText(path: string): string {
  try {
    if (statSync(path).size > MAX_KEY_FILE_BYTES) failKeyFile(`${path} is larger than ${MAX_KEY_FILE_BYTES} bytes`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof TurnwiseError) throw error;
    return fail("file_unreadable", { path, reason: error instanceof Error ? error.message : String(error) });
  }
}

const HASHED_LINE = /^sha256:([0-9a-f]{64})$/i;

function parseKeyLines(text: string, path: string): KnownKey[] {
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const spaced = keys.findIndex((key) => /\s/.test(key));
  if (spaced !== -1) failKeyFile(`key ${spaced + 1} of ${path} contains a space`);
  return keys.map((key) => {
    const hash = HASHED_LINE.exec(key)?.[1];
    return hash === undefined ? { ...plainKey(key, false), exposed: true } : hashedKey(Buffer.from(hash, "hex"), false);
  });
}

function parseJsonKeys(text: string, path: string): KnownKey[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    failKeyFile(`${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = keyEntries.safeParse(value);
  if (!parsed.success) {
    const { path: place, problem } = describeIssue(parsed.error.issues, value);
    return failKeyFile(`${path}: ${place} ${problem}`);
  }
  return Object.entries(parsed.data).map(
    ([digest, { tenant, name = null, admin, priority, weight, expires, limits }]) => ({
      digest: Buffer.from(digest, "hex"),
      exposed: false,
      tenant: {
        name: tenant,
        priority,
        weight,
        kvShare: limits.kv_share,
        maxWaiting: limits.max_waiting,
        maxWaitingTokens: limits.max_waiting_tokens,
        maxTurnTokens: limits.max_turn_tokens,
        maxSessions: limits.max_sessions,
        turnTimeoutMs: limits.turn_timeout_s * 1000,
      },
      name,
      admin,
      maxRequests: limits.max_requests,
      limits: rateLimits(limits.requests_per_minute, limits.tokens_per_minute),
      expiresMs: expires === undefined ? Infinity : Date.parse(expires),
    }),
  );
}

function rateLimits(requestsPerMinute: number, tokensPerMinute: number): RateLimits | null {
  if (requestsPerMinute === Infinity && tokensPerMinute === Infinity) return null;
  return { requestsPerMinute, tokensPerMinute };
}

function failKeyFile(problem: string): never {
  fail("invalid_option", { option: "--api-key-file", problem: `${problem}.` });
}
