/**
 * A request's body: its type, size and shape are checked before anything is made of it. Validation of
 * the fields comes after (`fields/`).
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { fail, TurnwiseError } from "../base/errors.ts";

/** Nested arrays and objects; tool schemas need about 20. Deeper ones overflow the stack of those who walk them. */
const MAX_JSON_DEPTH = 128;

/** Array items and object fields; a prompt of token ids for a 131,072-token context fits twice. Bounds the time of validation. */
const MAX_JSON_VALUES = 300_000;

/**
 * From so many bytes on each pass over a body has a turn of the event loop of its own: one over a megabyte takes
 * a millisecond or two, and other requests wait no longer than that.
 */
const LARGE_BYTES = 128 * 1024;

/**
 * The JSON value of `request`'s body. Throws `unsupported_media_type`, `body_too_large`, `invalid_json`.
 *
 * The type must be JSON: a web page may send text or a form to any address without asking, and must
 * not reach a server on its visitor's own machine. Throws `signal`'s reason when it aborts first.
 */
export async function readJsonBody(request: Request, limitBytes: number, signal: AbortSignal): Promise<unknown> {
  checkContentType(request.headers);
  const bytes = await readBody(request, limitBytes, signal);
  const letOthers = async (): Promise<void> => {
    if (bytes.length < LARGE_BYTES) return;
    await nextTurn();
    signal.throwIfAborted();
  };
  await letOthers();
  const text = decodeUtf8(bytes);
  await letOthers();
  checkJsonShape(text);
  await letOthers();
  const value = parseJson(text);
  await letOthers();
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail("invalid_json", { reason: syntaxProblem(error) });
  }
}

/** Where the text breaks, in words of ours: those of V8 may quote it, and so a prompt. */
function syntaxProblem(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : "";
  const position = /^[^"]* at position (\d+)/.exec(message)?.[1];
  if (position !== undefined) return `it breaks at character ${position}.`;
  return message.startsWith("Unexpected end") ? "it ends too early." : "a word or a sign in it is out of place.";
}

/** The bytes of `request`'s body, whatever they are. Throws `body_too_large`, or `signal`'s reason. */
export async function readBody(
  request: Request,
  limitBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > limitBytes) fail("body_too_large", { limitBytes });
  return readBytes(request.body, limitBytes, signal);
}

function checkContentType(headers: Headers): void {
  const type = headers.get("content-type");
  const essence = (type ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (essence !== "application/json" && !/^application\/[\w.-]+\+json$/.test(essence)) {
    fail("unsupported_media_type", { found: type === null ? "(none)" : JSON.stringify(type.slice(0, 100)) });
  }
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.trim().toLowerCase() !== "identity") {
    fail("unsupported_media_type", { found: `with Content-Encoding ${JSON.stringify(encoding.slice(0, 100))}` });
  }
}

/** All of `body`, which may lie about its length or give none. */
async function readBytes(
  body: ReadableStream<Uint8Array> | null,
  limitBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = body.getReader();
  const stop = (): void => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return Buffer.concat(chunks, bytes);
      bytes += value.length;
      if (bytes > limitBytes) fail("body_too_large", { limitBytes });
      chunks.push(value);
    }
  } catch (error) {
    stop();
    if (error instanceof TurnwiseError || signal.aborted) throw error;
    return fail("http_malformed", { reason: "its body ended early." });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("invalid_json", { reason: "it is not UTF-8." });
  }
}

/** Throws `invalid_json` where `text` nests too deep or holds too many values; it need not be valid JSON. */
function checkJsonShape(text: string): void {
  let depth = 0;
  let values = 1;
  for (let index = 0; index < text.length; index += 1) {
    switch (text.charCodeAt(index)) {
      case 0x22: // "
        index = endOfString(text, index);
        break;
      case 0x5b: // [
      case 0x7b: // {
        depth += 1;
        if (depth > MAX_JSON_DEPTH) fail("invalid_json", { reason: `it nests deeper than ${MAX_JSON_DEPTH} levels.` });
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1;
        break;
      case 0x2c: // ,
        values += 1;
        if (values > MAX_JSON_VALUES) fail("invalid_json", { reason: `it holds more than ${MAX_JSON_VALUES} values.` });
        break;
      default:
    }
  }
}

/** The index of the quote that ends the string which begins at `start`, or the end of an unfinished one. */
function endOfString(text: string, start: number): number {
  let quote = start;
  for (;;) {
    quote = text.indexOf('"', quote + 1);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
  }
}
