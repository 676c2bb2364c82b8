/**
 * The one error table: every failure that a user can meet has a code, a class and a message
 * template here. Templates name their parameters in braces; `fail` and `TurnwiseError.of` type-check
 * that each one is given. Mapping codes to HTTP lives in `server/error-map.ts`, not here.
 */

/** Why something failed, at the grain a caller would branch on. */
export type ErrorClass =
  /** Bytes from outside break their format. */
  | "FormatError"
  /** A well-formed model cannot be run as it is. */
  | "ModelError"
  /** An option or argument is wrong. */
  | "UsageError"
  /** A request's own content is wrong. */
  | "RequestError"
  /** A limit or a resource is exhausted; trying later may help. */
  | "CapacityError"
  /** The caller or the system ended the work. */
  | "AbortError"
  /** The native core refused or is absent. */
  | "NativeError"
  /** A defect of Turnwise itself. */
  | "InternalError";

interface ErrorRow {
  readonly class: ErrorClass;
  readonly message: string;
}

/** Rows are grouped by the layer that raises them. */
export const ERRORS = {
  // base
  invariant_violated: { class: "InternalError", message: "Internal error: {what}. Please report it." },
  invalid_option: { class: "UsageError", message: "Option {option}: {problem}" },
  settings_invalid: { class: "UsageError", message: "{path}: {problem}" },
  unknown_option: { class: "UsageError", message: "Unknown option {option}.{hint}" },

  // formats
  file_unreadable: { class: "FormatError", message: "Cannot read {path}: {reason}" },
  file_unwritable: { class: "UsageError", message: "Cannot write {path}: {reason}" },
  gguf_bad_magic: {
    class: "FormatError",
    message: '{path} is not a GGUF file: it begins with {found}, not "GGUF".',
  },
  gguf_bad_version: {
    class: "FormatError",
    message: "{path} is GGUF version {version}; versions 2 and 3 are read.{hint}",
  },
  gguf_truncated: {
    class: "FormatError",
    message: "{path} ends too early: field {field} at offset {offset} needs {needed} bytes, {available} are left.",
  },
  gguf_invalid: { class: "FormatError", message: "{path}: field {field} at offset {offset}: {problem}" },
  gguf_limit: {
    class: "FormatError",
    message: "{path}: field {field} at offset {offset} is {value}, above the limit {limit} ({limitName}).",
  },
  gguf_split_missing: {
    class: "FormatError",
    message: "{path} is part {part} of {count} of a split model; it needs {missing} too: {reason}",
  },
  safetensors_truncated: {
    class: "FormatError",
    message: "{path} ends too early: {field} at offset {offset} needs {needed} bytes, {available} are left.",
  },
  safetensors_invalid: { class: "FormatError", message: "{path}: {field} at offset {offset}: {problem}" },
  safetensors_limit: {
    class: "FormatError",
    message: "{path}: {field} is {value}, above the limit {limit} ({limitName}).",
  },
  safetensors_shard_missing: {
    class: "FormatError",
    message: "{path} names {shard}, which holds the tensor {tensor} and others, but: {reason}",
  },
  tensor_type_unsupported: {
    class: "ModelError",
    message: "{path}: tensor {tensor} has type {type}, which is not supported. {hint}",
  },

  // text
  tokenizer_unsupported: { class: "ModelError", message: "Tokenizer {what} is not supported. {hint}" },
  tokenizer_invalid: { class: "ModelError", message: "The tokenizer data is broken: {problem}" },
  token_out_of_range: { class: "RequestError", message: "Token id {token} is outside the vocabulary of {vocabSize}." },
  template_invalid: { class: "ModelError", message: "The chat template cannot be parsed: {reason}" },
  template_failed: { class: "RequestError", message: "The chat template refused these messages: {reason}" },
  template_missing: {
    class: "RequestError",
    message: "This model has no chat template; use /v1/completions or --raw.",
  },
  schema_invalid: { class: "RequestError", message: "The JSON Schema is wrong at {pointer}: {problem}" },
  schema_unsupported: {
    class: "RequestError",
    message: "The schema keyword {keyword} at {pointer} cannot be enforced: {reason}",
  },
  grammar_invalid: { class: "RequestError", message: "The {language} cannot be used: {problem}" },
  grammar_limit: {
    class: "RequestError",
    message: "The grammar is too large: it may have {limit} {what} ({limitName}).",
  },

  // models
  architecture_unsupported: {
    class: "ModelError",
    message: "Architecture {architecture} is not supported. Supported: {supported}.",
  },
  model_feature_unsupported: {
    class: "ModelError",
    message: "This model needs {feature}, which Turnwise does not run yet. {hint}",
  },
  metadata_missing: { class: "ModelError", message: "Metadata key {key} is missing; a {architecture} model needs it." },
  metadata_invalid: { class: "ModelError", message: "Metadata key {key}: {problem}" },
  weight_missing: { class: "ModelError", message: "Tensor {tensor} is missing; expected shape {expected}." },
  weight_shape: {
    class: "ModelError",
    message: "Tensor {tensor} has shape {found}; expected {expected}.",
  },

  // hub
  model_name_invalid: {
    class: "UsageError",
    message: "{name} is no model's name: write hf:ORG/NAME[:QUANT][@REVISION], such as hf:ORG/NAME:Q4_0.",
  },
  model_not_pulled: { class: "UsageError", message: "{name} is not among the pulled models in {folder}." },
  quant_unavailable: { class: "UsageError", message: "{repo} has no {wanted}. It has: {available}." },
  hub_unreachable: { class: "CapacityError", message: "Cannot reach {host}: {reason}" },
  hub_refused: { class: "UsageError", message: "{host} refuses {repo} (status {status}): {reason}. {hint}." },
  hub_token_invalid: {
    class: "UsageError",
    message:
      "The token of {origin} cannot be sent: it has a space, a line break or another character that no token has. Write it anew.",
  },
  hub_not_found: { class: "UsageError", message: "{host} has no {what}." },
  hub_invalid: { class: "FormatError", message: "What {url} answers cannot be used: {problem}" },
  hub_changed: {
    class: "CapacityError",
    message: "{file} changed on {host} while it was fetched. Run the command again.",
  },
  download_broken: {
    class: "CapacityError",
    message: "The connection broke after {done} of {total} of {file}: {reason}",
  },
  checksum_wrong: {
    class: "FormatError",
    message: "{file} came damaged: its hash is {found}, {host} says {expected}. It was removed; run the command again.",
  },
  pull_stopped: {
    class: "AbortError",
    message: "Stopped; what came so far is kept, and the same command goes on from there.",
  },
  disk_full: {
    class: "CapacityError",
    message: "{folder} has {free} free; {needed} more are needed, and {margin} to spare.",
  },

  weight_invalid: { class: "ModelError", message: "Tensor {tensor} {problem}. Accepted: {accepted}." },

  // graph, compile
  graph_invalid: { class: "InternalError", message: "The graph breaks a rule at node {node}: {problem}" },
  program_invalid: { class: "InternalError", message: "The program breaks a rule: {problem}" },
  pass_unknown: { class: "UsageError", message: "There is no pass named {pass}. Passes: {passes}." },

  // native
  native_missing: { class: "NativeError", message: "The native core is not available: {reason}" },
  native_build_failed: { class: "NativeError", message: "The native core could not be built: {reason}" },
  native_failed: { class: "NativeError", message: "The native core refused {call}: {reason}" },
  native_disposed: { class: "NativeError", message: "{handle} was used after dispose()." },
  isa_unsupported: {
    class: "UsageError",
    message: "TURNWISE_ISA={isa} is not available here. This machine has: {available}.",
  },

  // engine
  memory_insufficient: {
    class: "CapacityError",
    message: "{what} needs {neededBytes} bytes, {availableBytes} are available. {hint}",
  },
  context_length_exceeded: {
    class: "RequestError",
    message:
      "This model's context is {contextTokens} tokens; the request asks for {totalTokens} ({promptTokens} in the prompt, {outputTokens} for the output).",
  },
  prompt_empty: { class: "RequestError", message: "The prompt has no tokens." },
  request_invalid: { class: "RequestError", message: "{field}: {problem}" },
  queue_full: {
    class: "CapacityError",
    message: "The server is busy: {waiting} {what} are waiting, the limit is {limit}. Try again in {retryAfterS} s.",
  },
  tenant_queue_full: {
    class: "CapacityError",
    message: "{tenant} has {waiting} {what} waiting, its limit is {limit}. Try again in {retryAfterS} s.",
  },
  tenant_turn_too_long: {
    class: "RequestError",
    message:
      "{tenant} may use {limit} tokens in a turn; the request asks for {totalTokens} ({promptTokens} in the prompt, {outputTokens} for the output).",
  },
  deadline_exceeded: {
    class: "AbortError",
    message:
      "The request cannot end within its {limitMs} ms: {reason}. Give it more time, or try when less is going on.",
  },
  reader_behind: {
    class: "AbortError",
    message: "What was generated waited {waitedMs} ms for its reader: read the stream faster, or ask for less.",
  },
  cancelled: { class: "AbortError", message: "The request was cancelled." },
  engine_disposed: { class: "AbortError", message: "The engine was disposed." },
  engine_failed: { class: "InternalError", message: "The engine's step loop failed: {reason}" },

  // turns
  session_not_found: { class: "RequestError", message: "There is no session {session}." },
  turn_not_found: { class: "RequestError", message: "Session {session} has no turn {turn}." },
  session_conflict: {
    class: "RequestError",
    message: "Session {session} is at {head}, not at {after}; read it, and send what follows.",
  },
  session_busy: { class: "RequestError", message: "Session {session} runs a turn; wait for its end, or fork." },
  session_too_large: {
    class: "RequestError",
    message: "The session takes {bytes} bytes, at most {limitBytes} are kept: roll it back, or begin a new one.",
  },
  too_many_sessions: { class: "CapacityError", message: "There are {limit} sessions already; delete some." },

  // server
  idempotency_mismatch: {
    class: "RequestError",
    message: "This Idempotency-Key was sent with another body; send another request under a key of its own.",
  },
  idempotency_outgrown: {
    class: "RequestError",
    message:
      "The answer under this Idempotency-Key is too large to be given again; send the request under another key.",
  },
  body_too_large: { class: "RequestError", message: "The body is larger than {limitBytes} bytes." },
  invalid_json: { class: "RequestError", message: "The body is not valid JSON: {reason}" },
  unsupported_media_type: {
    class: "RequestError",
    message: "Content-Type {found} is not accepted; send application/json.",
  },
  field_refused: { class: "RequestError", message: "{field} would change the answer and is not supported. {hint}" },
  field_unknown: { class: "RequestError", message: "Unknown field {field}.{hint}" },
  model_not_found: { class: "RequestError", message: "Model {model} is not served here. Served: {served}." },
  previous_response_not_found: {
    class: "RequestError",
    message:
      "There is no stored response {id}: it is unknown, deleted or expired. Send the whole conversation as input.",
  },
  response_not_found: {
    class: "RequestError",
    message: "There is no stored response {id}: it is unknown, deleted or expired.",
  },
  invalid_api_key: {
    class: "RequestError",
    message: "The API key is missing, wrong or expired. Send it as Authorization: Bearer KEY.",
  },
  admin_key_required: {
    class: "RequestError",
    message:
      'This route is for operators. Send an admin key (TURNWISE_ADMIN_KEY, or "admin": true in the key file), or use the address of --admin-listen.',
  },
  host_refused: {
    class: "RequestError",
    message:
      "Without API keys this server answers its own machine only, and not as {host}. Name that with --allow-host, or give the server a key.",
  },
  rate_limit_exceeded: {
    class: "CapacityError",
    message: "This key may use {limit} {what} a minute, which are used up. Try again in {seconds} s.",
  },
  key_busy: { class: "CapacityError", message: "This key has {limit} requests in progress, which is its limit." },
  route_not_found: { class: "RequestError", message: "There is no route {method} {path}." },
  method_not_allowed: { class: "RequestError", message: "{method} is not allowed on {path}; use {allowed}." },
  not_ready: { class: "CapacityError", message: "The server is {state}." },
  draining: { class: "CapacityError", message: "The server is shutting down; send the request again later." },
  client_too_slow: {
    class: "AbortError",
    message: "The client read nothing for {waitedMs} ms while {bufferedBytes} bytes were waiting.",
  },
  request_timeout: { class: "AbortError", message: "The request took longer than {limitMs} ms." },
  request_incomplete: { class: "RequestError", message: "The request did not arrive in time." },
  http_malformed: { class: "RequestError", message: "The HTTP request cannot be read: {reason}" },
  headers_too_large: { class: "RequestError", message: "The request's headers are larger than {limitBytes} bytes." },
  unsafe_binding: {
    class: "UsageError",
    message:
      "Binding to {host} without an API key would let anyone use this server. Give --api-key-file or TURNWISE_API_KEY, or --insecure.",
  },
  port_unavailable: { class: "UsageError", message: "Cannot listen on {host}:{port}: {reason}" },

  // agent
  agent_steps_exceeded: {
    class: "CapacityError",
    message: "The turn is not answered after {limit} replies of the model. Raise maxSteps, or give it fewer tools.",
  },
  request_failed: { class: "InternalError", message: "The request to {url} failed: {reason}" },

  // bench
  start_failed: { class: "InternalError", message: "A start that was to be measured failed: {reason}" },
  trace_invalid: { class: "FormatError", message: "{path} is not a trace of agent sessions: {problem}" },

  // eval
  cases_invalid: { class: "FormatError", message: "{path} holds no cases that can be run: {problem}" },

  // cli
  missing_argument: { class: "UsageError", message: "{command} needs {what}." },
  unexpected_argument: {
    class: "UsageError",
    message: "Too many arguments for {command}: {given} were given, at most {expected} are taken.",
  },
  unknown_command: { class: "UsageError", message: "There is no command {command}.{hint}" },
  conversation_invalid: { class: "UsageError", message: "{source} is no conversation in JSON: {reason}" },
  input_not_utf8: { class: "RequestError", message: "{source} is not valid UTF-8 text." },
  system_failed: { class: "CapacityError", message: "The system refused: {reason}" },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

type ParamNames<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never;

/** The parameters that the template of `Code` names. */
export type ErrorParams<Code extends ErrorCode> = {
  readonly [Name in ParamNames<(typeof ERRORS)[Code]["message"]>]: string | number;
};

type ParamsArgument<Code extends ErrorCode> =
  ParamNames<(typeof ERRORS)[Code]["message"]> extends never ? [] : [params: ErrorParams<Code>];

/** What crosses a thread or a socket instead of the error object. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly params: Readonly<Record<string, string | number>>;
}

/** Every error that Turnwise raises on purpose. Branch on `code` or `class`. */
export class TurnwiseError extends Error {
  readonly code: ErrorCode;
  readonly class: ErrorClass;
  readonly params: Readonly<Record<string, string | number>>;

  constructor(code: ErrorCode, params: Readonly<Record<string, string | number>>, cause?: unknown) {
    super(renderMessage(code, params), cause === undefined ? undefined : { cause });
    this.name = "TurnwiseError";
    this.code = code;
    this.class = ERRORS[code].class;
    this.params = params;
  }

  toJSON(): SerializedError {
    return { code: this.code, message: this.message, params: this.params };
  }

  /** Rebuilds an error that came from another thread. */
  static deserialize(serialized: SerializedError): TurnwiseError {
    return new TurnwiseError(serialized.code, serialized.params);
  }
}

/** Builds the error of `code`. */
export function turnwiseError<Code extends ErrorCode>(code: Code, ...args: ParamsArgument<Code>): TurnwiseError {
  return new TurnwiseError(code, args[0] ?? {});
}

/** Throws the error of `code`. */
export function fail<Code extends ErrorCode>(code: Code, ...args: ParamsArgument<Code>): never {
  throw new TurnwiseError(code, args[0] ?? {});
}

/** Any thrown value as a TurnwiseError; what is not ours becomes `engine_failed` with its text. */
export function toTurnwiseError(thrown: unknown): TurnwiseError {
  if (thrown instanceof TurnwiseError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new TurnwiseError("engine_failed", { reason }, thrown);
}

function renderMessage(code: ErrorCode, params: Readonly<Record<string, string | number>>): string {
  return ERRORS[code].message.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? `{${name}}`)).trimEnd();
}
