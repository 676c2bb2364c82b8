/** Vitest's global setup: one folder for everything that a run's tests write, removed when the run ends. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export default function useTemporaryFolder(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-test-run-"));
  // Workers and the processes that tests start inherit it.
  process.env["TMPDIR"] = folder;
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
