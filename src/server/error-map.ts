/**
 * What each error code looks like over HTTP: one total table, so a new code without a row does not
 * compile. OpenAI's shape is here, `{ error: { message, type, param, code } }`; other APIs derive theirs
 * (`dialects.ts`).
 */

import type { ErrorCode, TurnwiseError } from "../base/errors.ts";
import type { ErrorAnswer } from "./answers/error-answers.ts";

/** OpenAI's `error.type`: whose fault it is. Its clients choose their error class by the status. */
type OpenAiErrorType = ErrorAnswer["error"]["type"];

interface HttpError {
  readonly status: number;
  readonly type: OpenAiErrorType;
  /** `error.code`; null where the code would tell a client about the inside of the server. */
  readonly code: string | null;
}

/** A defect or a state of the server; its message goes to the log, not to the client. */
const INTERNAL: HttpError = { status: 500, type: "server_error", code: null };

function invalid(code: ErrorCode, status = 400): HttpError {
  return { status, type: "invalid_request_error", code };
}

/** Trying later may help. */
function overloaded(code: ErrorCode): HttpError {
  return { status: 503, type: "server_error", code };
}

/** Too much is asked for at once, or is there; the same later may succeed. */
function limited(code: ErrorCode): HttpError {
  return { status: 429, type: "rate_limit_error", code };
}

/** 499 is nginx's "client closed request": only logs and metrics see it. */
export const CLIENT_CLOSED = 499;

/** Another request came first: the same one again would fail again. */
const CONFLICT = 409;

export const ERROR_MAP: Readonly<Record<ErrorCode, HttpError>> = {
  invariant_violated: INTERNAL,
  invalid_option: INTERNAL,
  unknown_option: INTERNAL,
  settings_invalid: INTERNAL,

  file_unreadable: INTERNAL,
  file_unwritable: INTERNAL,
  gguf_bad_magic: INTERNAL,
  gguf_bad_version: INTERNAL,
  gguf_truncated: INTERNAL,
  gguf_invalid: INTERNAL,
  gguf_limit: INTERNAL,
  gguf_split_missing: INTERNAL,
  safetensors_truncated: INTERNAL,
  safetensors_invalid: INTERNAL,
  safetensors_limit: INTERNAL,
  safetensors_shard_missing: INTERNAL,
  tensor_type_unsupported: INTERNAL,

  tokenizer_unsupported: INTERNAL,
  tokenizer_invalid: INTERNAL,
  token_out_of_range: invalid("token_out_of_range"),
  template_invalid: INTERNAL,
  template_failed: invalid("template_failed"),
  template_missing: invalid("template_missing"),
  schema_invalid: invalid("schema_invalid"),
  schema_unsupported: invalid("schema_unsupported"),
  grammar_invalid: invalid("grammar_invalid"),
  grammar_limit: invalid("grammar_limit"),

  architecture_unsupported: INTERNAL,
  model_feature_unsupported: INTERNAL,
  metadata_missing: INTERNAL,
  metadata_invalid: INTERNAL,
  weight_missing: INTERNAL,
  weight_shape: INTERNAL,
  weight_invalid: INTERNAL,

  model_name_invalid: INTERNAL,
  model_not_pulled: INTERNAL,
  quant_unavailable: INTERNAL,
  hub_unreachable: INTERNAL,
  start_failed: INTERNAL,
  hub_refused: INTERNAL,
  hub_token_invalid: INTERNAL,
  hub_not_found: INTERNAL,
  hub_invalid: INTERNAL,
  hub_changed: INTERNAL,
  download_broken: INTERNAL,
  checksum_wrong: INTERNAL,
  pull_stopped: INTERNAL,
  disk_full: INTERNAL,

  graph_invalid: INTERNAL,
  program_invalid: INTERNAL,
  pass_unknown: INTERNAL,

  native_missing: INTERNAL,
  native_failed: INTERNAL,
  native_build_failed: INTERNAL,
  native_disposed: INTERNAL,
  isa_unsupported: INTERNAL,

  // Raised for a request only where it could never fit, however idle the server is.
  memory_insufficient: invalid("memory_insufficient"),
  context_length_exceeded: invalid("context_length_exceeded"),
  prompt_empty: invalid("prompt_empty"),
  request_invalid: invalid("request_invalid"),
  queue_full: limited("queue_full"),
  tenant_queue_full: limited("tenant_queue_full"),
  tenant_turn_too_long: invalid("tenant_turn_too_long"),
  deadline_exceeded: { status: 504, type: "server_error", code: "deadline_exceeded" },
  reader_behind: invalid("reader_behind", CLIENT_CLOSED),
  cancelled: invalid("cancelled", CLIENT_CLOSED),
  engine_disposed: overloaded("engine_disposed"),
  engine_failed: INTERNAL,

  session_not_found: invalid("session_not_found", 404),
  turn_not_found: invalid("turn_not_found", 404),
  session_conflict: invalid("session_conflict", CONFLICT),
  session_busy: invalid("session_busy", CONFLICT),
  session_too_large: invalid("session_too_large", 413),
  too_many_sessions: limited("too_many_sessions"),

  idempotency_mismatch: invalid("idempotency_mismatch", 422),
  idempotency_outgrown: invalid("idempotency_outgrown", CONFLICT),
  body_too_large: invalid("body_too_large", 413),
  invalid_json: invalid("invalid_json"),
  unsupported_media_type: invalid("unsupported_media_type", 415),
  field_refused: invalid("field_refused"),
  field_unknown: invalid("field_unknown"),
  model_not_found: invalid("model_not_found", 404),
  previous_response_not_found: invalid("previous_response_not_found", 404),
  response_not_found: invalid("response_not_found", 404),
  invalid_api_key: invalid("invalid_api_key", 401),
  admin_key_required: invalid("admin_key_required", 403),
  host_refused: invalid("host_refused", 403),
  rate_limit_exceeded: limited("rate_limit_exceeded"),
  key_busy: limited("key_busy"),
  route_not_found: invalid("route_not_found", 404),
  method_not_allowed: invalid("method_not_allowed", 405),
  not_ready: overloaded("not_ready"),
  draining: overloaded("draining"),
  client_too_slow: invalid("client_too_slow", CLIENT_CLOSED),
  request_timeout: { status: 504, type: "server_error", code: "request_timeout" },
  request_incomplete: invalid("request_incomplete", 408),
  http_malformed: invalid("http_malformed"),
  headers_too_large: invalid("headers_too_large", 431),
  unsafe_binding: INTERNAL,
  port_unavailable: INTERNAL,

  // Only the command line raises these.
  trace_invalid: INTERNAL,
  cases_invalid: INTERNAL,
  missing_argument: INTERNAL,
  unexpected_argument: INTERNAL,
  unknown_command: INTERNAL,
  conversation_invalid: INTERNAL,
  input_not_utf8: INTERNAL,
  system_failed: INTERNAL,
  agent_steps_exceeded: INTERNAL,
  request_failed: INTERNAL,
};

/** The JSON body of every error answer and of an error event in a stream. */
export function errorStatus(error: TurnwiseError): number {
  return ERROR_MAP[error.code].status;
}

/** The message of `error` for a client; the server's own failures only say where their reason is. */
export function clientMessage(error: TurnwiseError, requestId: string): string {
  return ERROR_MAP[error.code] === INTERNAL
    ? `The server failed. Its log has the reason under request id ${requestId}.`
    : error.message;
}

/** OpenAI's shape, which is also that of routes without an API of their own. */
export function errorBody(error: TurnwiseError, requestId: string): ErrorAnswer {
  const { type, code } = ERROR_MAP[error.code];
  const field = error.params["field"];
  const param = typeof field === "string" ? field : null;
  return { error: { message: clientMessage(error, requestId), type, param, code } };
}

/** A forecast further ahead than this says little. */
const MAX_RETRY_AFTER_SECONDS = 600;

/** Clients retry errors of this status by themselves, but the same request would fail again until another one was sent. */
export function isRetriedInVain({ code }: TurnwiseError): boolean {
  return ERROR_MAP[code].status === CONFLICT || code === "too_many_sessions";
}

/** Seconds after which the same request may succeed, or null where it will not. */
export function retryAfterSeconds(error: TurnwiseError): number | null {
  const { status } = ERROR_MAP[error.code];
  if (error.code === "too_many_sessions") return null;
  if (error.code === "rate_limit_exceeded") return Number(error.params["seconds"]);
  const forecast = error.params["retryAfterS"];
  if (typeof forecast === "number") return Math.min(forecast, MAX_RETRY_AFTER_SECONDS);
  return status === 503 || status === 429 || error.code === "session_busy" ? 2 : null;
}
