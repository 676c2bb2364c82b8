/**
 * The streams and the environment of the process, as commands use them. Results go to `stdout`;
 * everything said about them goes to `stderr`.
 */

import { once } from "node:events";
import type { Environment } from "../base/environment.ts";
import { fail } from "../base/errors.ts";

/** What a progress bar needs of a stream. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & OutputStream;
  readonly stderr: NodeJS.WritableStream & OutputStream;
  readonly env: Environment;
}

/**
 * Writes and waits while the reader is behind, so that a slow pipe bounds what is buffered. A reader that left is the
 * stream's own matter, not the writer's.
 */
export async function writeText(stream: NodeJS.WritableStream, text: string): Promise<void> {
  if (text === "" || stream.write(text)) return;
  try {
    await once(stream, "drain");
  } catch (error) {
    if (!isBrokenPipe(error)) throw error;
  }
}

/** Whether a stream failed because nobody reads it any more. */
export const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "EPIPE";

/**
 * Writes a model's text: on a terminal without control characters, which could move the cursor or worse;
 * to a pipe or a file as it is.
 */
export async function writeModelText(stream: NodeJS.WritableStream & OutputStream, text: string): Promise<void> {
  await writeText(stream, stream.isTTY === true ? printable(text) : text);
}

/** `text` with U+FFFD for every control character but newline and tab. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  return text.replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, "\uFFFD");
}

/** Writes a line. */
export async function writeLine(stream: NodeJS.WritableStream, line: string): Promise<void> {
  await writeText(stream, `${line}\n`);
}

/** Writes a value as one line of JSON. */
export async function writeJson(stream: NodeJS.WritableStream, value: unknown): Promise<void> {
  await writeLine(stream, JSON.stringify(value));
}

/** All of standard input, byte for byte: nothing is trimmed. Throws `input_not_utf8`. */
export async function readInput(terminal: Terminal): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of terminal.stdin) chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  return decodeUtf8("standard input", Buffer.concat(chunks));
}

/** The text of `bytes`, a byte order mark kept. Throws `input_not_utf8` with `source`. */
export function decodeUtf8(source: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail("input_not_utf8", { source });
  }
}

/** A person reads and types, not a pipe. */
export const isInteractive = (terminal: Terminal): boolean =>
  terminal.stdin.isTTY === true && terminal.stdout.isTTY === true;
