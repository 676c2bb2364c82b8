/** What the cache knows of pulled models: revisions, versions of split ones, what is there in part. */

import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
  expect(big()).toMatchObject({ lacks: null, commit: COMMIT });

  hub.faults.chunkMs = 0;
  await pull("Q8_0");
  expect(held(paths)).toEqual(newer.map(digest));
  expect(big()).toMatchObject({ lacks: null, commit: NEW_COMMIT });
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
  expect(big()).toMatchObject({ lacks: "its parts are of different versions" });
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

const shardsOf = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `model-0000${index + 1}-of-0000${count}.safetensors`);

describe("a checkpoint", () => {
  const CHECKPOINT = "someone/tiny";
  const HOME = { repo: CHECKPOINT, revision: null } as const;
  const INDEX = "model.safetensors.index.json";
  const TEXTS = ["config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"];
  let home: string;

  /** The repository at `commit`, with so many shards and these texts beside them, of which each says the commit. */
  function put(commit: string, shards: number, texts: readonly string[] = TEXTS): readonly string[] {
    hub.commits.set("main", commit);
    hub.remove(CHECKPOINT);
    for (const name of [...texts, INDEX, "README.md", "pytorch_model.bin", "original/config.json"]) {
      hub.put(CHECKPOINT, name, Buffer.from(`${name} ${commit}`));
    }
    for (const name of shardsOf(shards)) hub.put(CHECKPOINT, name, randomBytes(50_000));
    return [...texts, INDEX, ...shardsOf(shards)].toSorted();
  }

  const pullCheckpoint = (quant: string | null = null, extra: Partial<PullOptions> = {}) =>
    pullFrom(new HubClient({ endpoint: hub.endpoint }), cache, { ...HOME, quant }, extra);
  const modelFiles = () => readdirSync(home).filter((name) => !/\.(hash|part|lock)$/.test(name));

  beforeEach(() => {
    home = cache.folderOf(HOME);
  });

  test("comes as a folder with what belongs to it, and is not fetched twice", async () => {
    const names = put(COMMIT, 2);
    expect(await pullCheckpoint()).toBe(home);
    expect(modelFiles().toSorted()).toEqual(names);
    expect(readFileSync(join(home, "config.json"), "utf8")).toBe(`config.json ${COMMIT}`);
    expect(cache.find({ ...HOME, quant: null })).toBe(home);
    expect(cache.find({ ...HOME, quant: "safetensors" })).toBe(home);
    expect(cache.list()).toMatchObject([{ repo: CHECKPOINT, quant: "safetensors", commit: COMMIT, lacks: null }]);
    const requests = hub.ranges.length;
    await pullCheckpoint();
    expect(hub.ranges.length).toBe(requests);
  });

  test("is told before its weights are fetched what its config.json says", async () => {
    put(COMMIT, 2);
    const seen: string[] = [];
    const onFile = ({ path }: { readonly path: string }, there: string): void => {
      seen.push(path);
      expect(readFileSync(there, "utf8")).toBe(`config.json ${COMMIT}`);
      throw new TypeError("not this one");
    };
    await expect(pullCheckpoint(null, { onFile })).rejects.toThrow("not this one");
    expect([seen, hub.ranges.length]).toEqual([["config.json"], 1]);
    expect(cache.unfinished()).toMatchObject([{ repo: CHECKPOINT, quant: "safetensors" }]);
    expect(cache.find({ ...HOME, quant: null })).toBeNull();
  });

  test("goes on where it was stopped, is one line of what is unfinished, and is removed by its name", async () => {
    put(COMMIT, 3);
    hub.faults.chunkMs = 20;
    const stop = new AbortController();
    const running = pullCheckpoint(null, { signal: stop.signal });
    const begun = /^model-00002-of-00003\.safetensors\.\w+\.part$/;
    while (!existsSync(home) || !readdirSync(home).some((name) => begun.test(name))) await pause();
    stop.abort();
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(modelFiles()).toEqual([]);
    const [unfinished, ...more] = cache.unfinished();
    expect([unfinished?.quant, more]).toEqual(["safetensors", []]);
    expect(unfinished?.bytes).toBeGreaterThan(50_000);
    hub.faults.chunkMs = 0;
    const requests = hub.ranges.length;
    await pullCheckpoint();
    // The second shard's rest, and the third.
    expect(hub.ranges.length - requests).toBeLessThanOrEqual(2);
    expect(cache.unfinished()).toEqual([]);
    writeFileSync(join(home, `config.json.${"a".repeat(16)}.part`), "some");
    writeFileSync(join(home, "tiny-Q4_0.gguf"), "some");
    const { paths } = cache.remove({ ...HOME, quant: "safetensors" });
    expect(paths).toContain(join(home, "config.json"));
    expect(readdirSync(home)).toEqual(["tiny-Q4_0.gguf"]);
  });

  test("of a newer version leaves nothing of the older one that would be read with it", async () => {
    put(COMMIT, 3);
    await pullCheckpoint();
    writeFileSync(join(home, "notes.txt"), "mine");
    const names = put(NEW_COMMIT, 2, ["config.json", "tokenizer.json"]);
    await pullCheckpoint();
    expect(modelFiles().toSorted()).toEqual([...names, "notes.txt"].toSorted());
    expect(readdirSync(home).filter((name) => name.endsWith(".hash")).length).toBe(names.length);
    expect(cache.list()).toMatchObject([{ commit: NEW_COMMIT, lacks: null }]);
  });

  test("beside GGUF files comes where it is asked for", async () => {
    put(COMMIT, 2);
    hub.put(CHECKPOINT, "tiny-Q4_0.gguf", randomBytes(1000));
    expect(await pullCheckpoint()).toBe(join(home, "tiny-Q4_0.gguf"));
    expect(await pullCheckpoint("safetensors")).toBe(home);
    expect(cache.find({ ...HOME, quant: null })).toBe(join(home, "tiny-Q4_0.gguf"));
    expect(cache.find({ ...HOME, quant: "safetensors" })).toBe(home);
    expect(cache.list().map(({ quant }) => quant)).toEqual(["Q4_0", "safetensors"]);
  });
});

const pause = (): Promise<void> => new Promise((go) => setTimeout(go, 5));
