/**
 * The file of a comparison, which the same command continues: only where all that its figures depend on is the same.
 * Figures of another build or another peer must not stand beside new ones.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * The report at `out`, or `empty` with `identity` where there is none. Throws, naming what differs, where there is one
 * of another identity.
 *
 * @param {Readonly<Record<string, string | number>>} identity all that the figures depend on, by what it is called
 */
export function openReport(out, identity, empty) {
  if (!existsSync(out)) return { startedAt: new Date().toISOString(), identity, ...empty };
  const report = JSON.parse(readFileSync(out, "utf8"));
  const before = report.identity ?? {};
  const names = [...new Set([...Object.keys(identity), ...Object.keys(before)])];
  const different = names.filter((name) => before[name] !== identity[name]);
  if (different.length === 0) return report;
  const lines = different.map((name) => `  ${name}: ${before[name] ?? "not recorded"} there, ${identity[name]} now`);
  throw new Error(
    `${out} holds figures of other things, which new ones must not stand beside:\n${lines.join("\n")}\n` +
      "Remove it to measure anew, or give another --out.",
  );
}

/** Replaces the file as a whole. */
export function saveReport(out, report) {
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(`${out}.partial`, `${JSON.stringify(report, null, 2)}\n`);
  renameSync(`${out}.partial`, out);
}
