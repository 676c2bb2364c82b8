/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as a byte
 * stream with backpressure, and with a comment whenever it has been silent for a while, so that
 * proxies and clients keep a stream whose prompt takes a minute.
 */

/** Bytes that wait here for the client before the next event is taken from the source. */
const HIGH_WATER_BYTES = 64 * 1024;

const PING = ": ping\n\n";

export interface ServerEvent {
  /** The `event:` line, or null without one. */
  readonly name: string | null;
  /** Without line breaks. */
  readonly data: string;
}

/** One event that carries `data` as JSON, which never holds a line break. */
export function dataEvent(data: unknown, name: string | null = null): ServerEvent {
  return { name, data: JSON.stringify(data) };
}

function formatEvent({ name, data }: ServerEvent): string {
  return `${name === null ? "" : `event: ${name}\n`}data: ${data}\n\n`;
}

export interface EventStreamOptions {
  /** Silence after which a comment is sent; 0 sends none. */
  readonly pingMs: number;
  /** The client went away before the end. `events` should end soon after. */
  readonly onCancel: () => void;
  /** Called once, when no event will be written any more. */
  readonly onEnd: () => void;
}

const room = (controller: ReadableStreamDefaultController<Uint8Array>): boolean => (controller.desiredSize ?? 0) > 0;

/** Streams `events`, which must not throw: an error is an event. */
export function eventStream(
  events: AsyncIterable<ServerEvent>,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let cancelled = false;
  /** Ends the wait for room. */
  let proceed: (() => void) | null = null;
  let pingTimer: NodeJS.Timeout | null = null;

  async function pump(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for await (const event of events) {
        if (cancelled) break;
        controller.enqueue(encoder.encode(formatEvent(event)));
        pingTimer?.refresh();
        if (!room(controller)) await new Promise<void>((resolve) => (proceed = resolve));
        if (cancelled) break;
      }
    } finally {
      if (pingTimer !== null) clearInterval(pingTimer);
      if (!cancelled) controller.close();
      options.onEnd();
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (options.pingMs > 0) {
          // A client that does not read gets no pings either: they would pile up.
          pingTimer = setInterval(() => room(controller) && controller.enqueue(encoder.encode(PING)), options.pingMs);
        }
        void pump(controller);
      },
      pull() {
        proceed?.();
        proceed = null;
      },
      cancel() {
        cancelled = true;
        options.onCancel();
        proceed?.();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: HIGH_WATER_BYTES }),
  );
}
