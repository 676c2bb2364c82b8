/** What the cache knows of pulled models: revisions, versions of split ones, what is there in part. */

import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HubClient } from "../../src/hub/hub-client.ts";
import { ModelCache } from "../../src/hub/model-cache.ts";
import type { PullOptions } from "../../src/hub/pull-model.ts";
import { LoopbackHub } from "../support/loopback-hub.ts";
import { pullFrom } from "./support/pull-from.ts";

const REPO = "someone/tiny-GGUF";
const FILE = "tiny-Q4_0.gguf";
const MAIN = { repo: REPO, revision: null } as const;
/** Of the main branch, before and after something was changed. */
const COMMIT = "1".repeat(40);
const NEW_COMMIT = "2".repeat(40);

let hub: LoopbackHub;
let cache: ModelCache;
let root: string;
let folder: string;

beforeEach(async () => {
  hub = await LoopbackHub.start();
  hub.put(REPO, "README.md", Buffer.from("# A model\n"));
  hub.put(REPO, FILE, randomBytes(200_000));
  root = mkdtempSync(join(tmpdir(), "turnwise-cache-"));
  cache = new ModelCache(root);
  folder = cache.folderOf(MAIN);
});

afterEach(async () => {
  await hub.close();
  rmSync(root, { recursive: true });
});

const pull = (quant: string | null = null, { revision = null, ...extra }: Extra = {}): Promise<string> =>
  pullFrom(new HubClient({ endpoint: hub.endpoint }), cache, { repo: REPO, quant, revision }, extra);

type Extra = Partial<PullOptions> & { readonly revision?: string | null };

test("a revision lies apart from the main branch, at the commit that it stood for", async () => {
  hub.commits.set("v1", NEW_COMMIT);
  const path = await pull(null, { revision: "v1" });
  expect(path).toBe(join(`${folder}@v1`, FILE));
  expect(hub.seen.map(({ url }) => url).filter((url) => url.includes("/resolve/"))).toEqual([
    `/${REPO}/resolve/${NEW_COMMIT}/${FILE}`,
  ]);
  expect(cache.find({ ...MAIN, quant: null })).toBeNull();
  expect(cache.list()).toMatchObject([{ repo: REPO, revision: "v1", commit: NEW_COMMIT }]);
  await expect(pull(null, { revision: "v2" })).rejects.toMatchObject({
    code: "hub_not_found",
    params: { what: `revision v2 in ${REPO}` },
  });
  expect(cache.remove({ repo: REPO, quant: "Q4_0", revision: "v1" }).paths).toEqual([path]);
});

test("all parts of a split model come, from all pages of the listing", async () => {
  const names = [1, 2, 3, 4].map((part) => `Q8_0/big-Q8_0-0000${part}-of-00004.gguf`);
  for (const name of names) hub.put(REPO, name, randomBytes(1000));
  expect(await pull("Q8_0")).toBe(join(folder, ...(names[0] ?? "").split("/")));
  for (const name of names) expect(existsSync(join(folder, ...name.split("/")))).toBe(true);
  expect(cache.find({ ...MAIN, quant: "q8_0" })).toBe(join(folder, ...(names[0] ?? "").split("/")));
});

/** A model of two parts at `commit`; both are of one size in every version. */
function putParts(commit: string, ...contents: Buffer[]): string[] {
  hub.commits.set("main", commit);
  return contents.map((content, index) => {
    const name = `big-Q8_0-0000${index + 1}-of-00002.gguf`;
    hub.put(REPO, name, content);
    return join(folder, name);
  });
}
const digest = (content: Buffer): string => createHash("sha256").update(content).digest("hex");
const held = (paths: readonly string[]): string[] => paths.map((path) => digest(readFileSync(path)));
const big = () => cache.list().find(({ quant }) => quant === "Q8_0");

test("a newer version of a split model that came in part leaves the old one as it is", async () => {
  const old = [randomBytes(50_000), randomBytes(50_000)] as const;
  const paths = putParts(COMMIT, ...old);
  await pull("Q8_0");
  const newer = [randomBytes(50_000), randomBytes(50_000)] as const;
  putParts(NEW_COMMIT, ...newer);
  hub.faults.chunkMs = 20;
  const stop = new AbortController();
  const running = pull("Q8_0", { signal: stop.signal });
  while (!readdirSync(folder).some((name) => /^big-Q8_0-00002-of-00002\.gguf\.\w+\.part$/.test(name))) await pause();
  stop.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  expect(held(paths)).toEqual(old.map(digest));
  expect(big()).toMatchObject({ whole: true, commit: COMMIT });

  hub.faults.chunkMs = 0;
  await pull("Q8_0");
  expect(held(paths)).toEqual(newer.map(digest));
  expect(big()).toMatchObject({ whole: true, commit: NEW_COMMIT });
  expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("parts that are the same in a newer version are of its commit, too", async () => {
  const same = randomBytes(1000);
  putParts(COMMIT, randomBytes(1000), same);
  await pull("Q8_0");
  const [first, second] = putParts(NEW_COMMIT, randomBytes(1000), same);
  const requests = hub.ranges.length;
  await pull("Q8_0");
  expect(hub.ranges.length).toBe(requests + 1);
  for (const path of [first, second]) expect(readFileSync(`${path}.hash`, "utf8")).toContain(`commit ${NEW_COMMIT}\n`);
  expect(cache.find({ ...MAIN, quant: "Q8_0" })).toBe(first);
});

test.each([
  ["of another commit", (hash: string) => hash.replace(COMMIT, NEW_COMMIT)],
  ["whose commit was not written down any more", null],
])("a split model with a part %s is incomplete until it is pulled again", async (_, change) => {
  const [first = ""] = putParts(COMMIT, randomBytes(1000), randomBytes(1000));
  await pull("Q8_0");
  if (change === null) rmSync(`${first}.hash`);
  else writeFileSync(`${first}.hash`, change(readFileSync(`${first}.hash`, "utf8")));
  expect(big()).toMatchObject({ whole: false });
  expect(cache.find({ ...MAIN, quant: "Q8_0" })).toBeNull();
  await pull("Q8_0");
  expect(cache.find({ ...MAIN, quant: "Q8_0" })).toBe(first);
});

test("a model of another quantisation does not stand for the one that was asked for", async () => {
  await pull();
  hub.put(REPO, "tiny-Q8_0.gguf", randomBytes(1000));
  expect(cache.find({ ...MAIN, quant: "Q8_0" })).toBeNull();
  expect(() => cache.requireNoOther({ ...MAIN, quant: "Q8_0" })).toThrow(
    `${REPO} has no Q8_0. It has: Q4_0 (195 KiB).`,
  );
  const path = await pull("Q8_0");
  expect(cache.find({ ...MAIN, quant: "Q8_0" })).toBe(path);
});

test("a model that is not whole is removed by its name, with what came in part", async () => {
  const [first = ""] = putParts(COMMIT, randomBytes(1000), randomBytes(1000));
  await pull();
  await pull("Q8_0");
  rmSync(first);
  writeFileSync(`${first}.${"a".repeat(16)}.part`, "some");
  expect(cache.unfinished()).toMatchObject([{ repo: REPO, quant: "Q8_0", bytes: 4 }]);
  expect(cache.remove({ ...MAIN, quant: "Q8_0" })).toMatchObject({ bytes: 1004 });
  expect(readdirSync(folder).toSorted()).toEqual([FILE, `${FILE}.hash`]);
  expect(() => cache.remove({ ...MAIN, quant: "Q8_0" })).toThrow("has no Q8_0");
});

const pause = (): Promise<void> => new Promise((go) => setTimeout(go, 5));
