import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { readSessions } from "./read-sessions.ts";

const folder = mkdtempSync(join(tmpdir(), "turnwise-traces-"));
afterAll(() => rmSync(folder, { recursive: true }));

const options = { scale: 0.5, timeScale: 2, maxContextTokens: 10_000, thinkMs: 300 };
const COUNTS = JSON.stringify({
  id: "x",
  block_size: 64,
  requests: [{ t: 1, in: 640, out: 64, hash_runs: [[1, 10]] }],
});
const TRAJECTORIES = JSON.stringify([
  {
    task_id: 3,
    trial: 1,
    traj: [
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Hi." },
      { role: "user", content: "Bye" },
      { role: "assistant", content: "Bye." },
    ],
  },
]);

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("readSessions", () => {
  it("takes .json for texts, with the gap given", () => {
    const { name, sessions } = readSessions(write("airline.json", TRAJECTORIES), options);
    expect(name).toBe("tau-bench text, gaps of 300 ms");
    expect(sessions.map(({ id, turns }) => [id, turns.map(({ thinkMs }) => thinkMs)])).toEqual([["tau-3-1", [0, 300]]]);
  });

  it("takes .jsonl and .jsonl.gz for token counts, at the scales given", () => {
    const plain = readSessions(write("counts.jsonl", COUNTS), options);
    expect(plain.name).toBe("token counts x 0.5, times x 2, contexts up to 10000 tokens");
    expect(plain.sessions.map(({ id, turns }) => [id, turns[0]?.outputTokens])).toEqual([["x", 32]]);
    expect(readSessions(write("counts.jsonl.gz", gzipSync(COUNTS)), options)).toEqual(plain);
  });

  it.each([
    ["missing.jsonl", null, "file_unreadable"],
    ["cut.jsonl.gz", gzipSync(COUNTS).subarray(0, 40), "file_unreadable"],
    ["other.jsonl", "{}", "trace_invalid"],
  ])("refuses %s", (name, content, code) => {
    const path = content === null ? join(folder, name) : write(name, content);
    expect(() => readSessions(path, options)).toThrow(expect.objectContaining({ code }));
  });
});
