/** A progress bar on a terminal, shown once the work has taken a second. Nothing is written elsewhere. */

import type { OutputStream } from "./terminal.ts";

/** Work shorter than this shows no bar. */
const SHOW_AFTER_MS = 1000;
/** Redraws at most this often. */
const REDRAW_MS = 100;
const BAR_CELLS = 24;
const CLEAR_LINE = "\r\u001B[2K";

export interface Progress {
  /** `fraction` is 0..1. */
  update(label: string, fraction: number): void;
  /** Removes the bar. More updates show it again, a second later. */
  done(): void;
}

/** `now` is a clock in milliseconds. */
export function createProgress(stream: OutputStream, now: () => number = () => performance.now()): Progress {
  if (stream.isTTY !== true) return { update: () => {}, done: () => {} };
  let startMs: number | null = null;
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update: (label, fraction) => {
      const nowMs = now();
      startMs ??= nowMs;
      if (nowMs - startMs < SHOW_AFTER_MS || nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      stream.write(CLEAR_LINE + renderBar(label, fraction));
    },
    done: () => {
      if (drawnMs > 0) stream.write(CLEAR_LINE);
      startMs = null;
      drawnMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** "loading weights [######      ] 42 %". */
export function renderBar(label: string, fraction: number): string {
  const clamped = Math.min(1, Math.max(0, fraction));
  const cells = Math.round(clamped * BAR_CELLS);
  return `${label} [${"#".repeat(cells)}${" ".repeat(BAR_CELLS - cells)}] ${Math.floor(clamped * 100)} %`;
}
