/** Full garbage collections of a process whose event loop others wait for. */

import { setFlagsFromString } from "node:v8";

/**
 * A heap grows to this many percent more than what lives in it before it is marked as a whole. By itself V8 goes by the size
 * of the heap, and a small one is marked at every third request with a megabyte of text, which stops the event loop for up
 * to 15 ms where threads that compute take the cores.
 */
const GROWING_PERCENT = 200;

/** For this process, its worker threads too; for a server, whose heap is small beside the weights. */
export function collectRarely(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
