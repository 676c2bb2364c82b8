/** An error as the user of a terminal sees it: one line, where possible one more with what to do, an exit code. */

import { TurnwiseError } from "../base/errors.ts";
import type { ErrorCode } from "../base/errors.ts";
import { EXIT_CODES } from "./command.ts";
import type { ExitCode } from "./command.ts";

/** What to do next, for the codes whose message does not say it; {command} is the error's own. */
const HINTS: Partial<Readonly<Record<ErrorCode, string>>> = {
  unknown_option: "See turnwise help COMMAND.",
  unknown_command: "See turnwise --help.",
  missing_argument: "See {command} --help.",
  unexpected_argument: "A text with spaces needs quotes around it.",
  file_unreadable:
    "MODEL is a GGUF file, a Hugging Face directory, hf:ORG/NAME or a pulled model; without it the built-in model is used.",
  gguf_bad_magic: "MODEL is the path of a GGUF file, such as one from huggingface.co/models?library=gguf.",
  gguf_truncated: "The file is incomplete; fetch it again and compare its size.",
  gguf_split_missing: "Put all parts into one directory and give the first.",
  hub_unreachable: "HF_ENDPOINT names another hub; what is there already is not fetched again.",
  download_broken: "Run the same command again: it goes on from there.",
  disk_full: "turnwise models ls shows what the pulled models take; --cache-dir names another place.",
  template_missing: "turnwise run --raw continues a text without a template.",
  context_length_exceeded: "Shorten the prompt, lower --max-tokens, or raise --ctx where the model allows it.",
  memory_insufficient: "A smaller --ctx or --kv-memory needs less.",
  native_missing: "turnwise doctor says why; turnwise build-native builds it.",
  port_unavailable: "Give another --port; 0 takes a free one.",
  engine_failed: "Set TURNWISE_DEBUG=1 for the details, and please report it.",
  invariant_violated: "Set TURNWISE_DEBUG=1 for the details.",
};

/** Lines for stderr, without the newlines. `debug` adds the stack of what was thrown. */
export function errorLines(thrown: unknown, debug: boolean): readonly string[] {
  const error = explain(thrown);
  const lines = [`turnwise: ${error.message}`];
  const hint = HINTS[error.code];
  if (hint !== undefined) lines.push(`  ${hint.replace("{command}", String(error.params["command"]))}`);
  const cause = error.cause instanceof Error ? error.cause : error;
  if (debug && cause.stack !== undefined) lines.push(cause.stack);
  return lines;
}

/** What the commands did not foresee: a full disk is the system's word, anything else a defect. */
function explain(thrown: unknown): TurnwiseError {
  if (thrown instanceof TurnwiseError) return thrown;
  const what = thrown instanceof Error ? thrown.message : String(thrown);
  const isSystem = thrown instanceof Error && "syscall" in thrown;
  if (isSystem) return new TurnwiseError("system_failed", { reason: what }, thrown);
  return new TurnwiseError("invariant_violated", { what }, thrown);
}

export function exitCodeOf(thrown: unknown): ExitCode {
  if (!(thrown instanceof TurnwiseError)) return EXIT_CODES.failed;
  if (thrown.class === "AbortError") return EXIT_CODES.interrupted;
  return thrown.class === "UsageError" ? EXIT_CODES.usage : EXIT_CODES.failed;
}
