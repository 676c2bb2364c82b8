/**
 * How one API writes a generation over HTTP. A route makes a writer for its request; what carries the
 * answer (one JSON body, or a stream with its pings and cancellation) is the same for every API.
 */

import type { TurnwiseError } from "../base/errors.ts";
import type { GenerationUsage, StreamPart } from "../engine/types.ts";
import type { ServerEvent } from "./event-stream.ts";
import type { ChoiceOutput } from "./observe-generation.ts";

export interface ResponseWriter {
  /** The body of an answer that is not streamed; `outputs` has one entry a choice. */
  answer(outputs: readonly ChoiceOutput[], usage: GenerationUsage): object;
  /** The events of a stream that tell of `part`. Called with every part, in order. */
  part(part: StreamPart): Iterable<ServerEvent>;
  /** The events that tell of a failure after the headers were sent; no more parts follow. */
  error(error: TurnwiseError, requestId: string): Iterable<ServerEvent>;
  /** What ends every stream, whole or failed. */
  close(): Iterable<ServerEvent>;
}
