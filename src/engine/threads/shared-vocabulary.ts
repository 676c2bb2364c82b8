/**
 * The vocabulary's bytes in memory that all threads read. The text thread, which decodes the vocabulary anyway,
 * makes them once and sends them to the step-loop thread, which then need not: a start has no time for it twice.
 */

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Tokenizer, VocabularyBytes } from "../../text/tokenizer/types.ts";

export interface SharedVocabulary {
  readonly bytes: VocabularyBytes;
  readonly bosId: number | null;
}

/** The arrays of `shared` lie in shared memory; a message with it copies none. */
export function shareVocabulary({ vocabulary, bosId }: Pick<Tokenizer, "vocabulary" | "bosId">): SharedVocabulary {
  const { bytes, offsets, flags } = vocabulary;
  const shared = { bytes: inShared(bytes), offsets: new Uint32Array(inShared(offsets).buffer), flags: inShared(flags) };
  return { bytes: { ...vocabulary, ...shared }, bosId };
}

function inShared({ buffer, byteOffset, byteLength }: Uint8Array | Uint32Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(byteLength));
  copy.set(new Uint8Array(buffer, byteOffset, byteLength));
  return copy;
}

/** What the other thread has sent, or null: nothing yet, or it never will. Does not wait. */
export function takeVocabulary(port: MessagePort): SharedVocabulary | null {
  const received: { readonly message: SharedVocabulary } | undefined = receiveMessageOnPort(port);
  port.close();
  return received?.message ?? null;
}
