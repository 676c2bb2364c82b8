/**
 * Where the entry files of the engine's threads lie. Node starts a thread from JavaScript only, so
 * sources that run directly (tests, tsx) start the thread from the build, which must be current.
 */

export type WorkerName = "step-worker" | "text-worker" | "mask-worker";

export function workerEntry(name: WorkerName): URL {
  const here = new URL(import.meta.url);
  if (!here.pathname.endsWith(".ts")) return new URL(`./${name}.js`, here);
  return new URL(`../../../dist/engine/threads/${name}.js`, here);
}
