/** Pulling from a hub on this machine, with everything that goes wrong between. */

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepFiles } from "../../src/hub/cached-file.ts";
import { downloadFile } from "../../src/hub/download-file.ts";
import { HubClient } from "../../src/hub/hub-client.ts";
import { ModelCache } from "../../src/hub/model-cache.ts";
import { PartFile } from "../../src/hub/part-file.ts";
import type { PullOptions } from "../../src/hub/pull-model.ts";
import type { HubFile } from "../../src/hub/tree-listing.ts";
import { LoopbackHub } from "../support/loopback-hub.ts";
import { mountSmallDisk, unmountDisk } from "../support/small-disk.ts";
import { QUICK, pullFrom } from "./support/pull-from.ts";

const REPO = "someone/tiny-GGUF";
const FILE = "tiny-Q4_0.gguf";
const CONTENT = randomBytes(200_000);
const TOKEN = { value: "hf_secret", origin: "HF_TOKEN" };
/** Of the main branch. */
const COMMIT = "1".repeat(40);
const MAIN = { repo: REPO, revision: null } as const;
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");

let hub: LoopbackHub;
let cache: ModelCache;
let folder: string;

beforeEach(async () => {
  hub = await LoopbackHub.start();
  hub.put(REPO, "README.md", Buffer.from("# A model\n"));
  hub.put(REPO, FILE, CONTENT);
  const root = mkdtempSync(join(tmpdir(), "turnwise-pull-"));
  cache = new ModelCache(root);
  folder = cache.folderOf(MAIN);
});

afterEach(async () => {
  await hub.close();
  rmSync(join(folder, "../../.."), { recursive: true, force: true });
});

const client = (token: typeof TOKEN | null = null): HubClient => new HubClient({ endpoint: hub.endpoint, token });

const pull = (quant: string | null = null, { token = null, ...extra }: Extra = {}): Promise<string> =>
  pullFrom(client(token), cache, { repo: REPO, quant, revision: null }, extra);

type Extra = Partial<PullOptions> & { readonly token?: typeof TOKEN | null };

const listed: HubFile = { path: FILE, bytes: CONTENT.byteLength, hash: { kind: "sha256", hex: SHA256 } };

/** Of `listed` alone, without asking what the repository has. */
async function download(signal = new AbortController().signal): Promise<void> {
  const snapshot = { repo: REPO, commit: COMMIT };
  await downloadFile({
    client: client(),
    snapshot,
    file: listed,
    folder,
    signal,
    onProgress: () => {},
    patience: QUICK,
  });
  await keepFiles(folder, { form: "gguf", files: [listed] }, COMMIT);
}

/** What is there besides the file and its hash. */
const leftovers = (): string[] => readdirSync(folder).filter((name) => name !== FILE && name !== `${FILE}.hash`);

test("a file comes whole, with its hash beside it, and is not fetched twice", async () => {
  const path = await pull();
  expect(path).toBe(join(folder, FILE));
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
  expect(readFileSync(`${path}.hash`, "utf8")).toBe(`sha256 ${SHA256}\ncommit ${COMMIT}\n`);
  expect(leftovers()).toEqual([]);
  const requests = hub.ranges.length;
  expect(await pull()).toBe(path);
  expect(hub.ranges.length).toBe(requests);
});

test("the token goes to the endpoint alone, not to where it redirects", async () => {
  await pull(null, { token: TOKEN });
  const hubRequests = hub.seen.filter(({ server }) => server === "hub");
  const storageRequests = hub.seen.filter(({ server }) => server === "storage");
  expect(new Set(hubRequests.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer hf_secret"]));
  expect(storageRequests.length).toBe(1);
  expect(storageRequests[0]?.authorization).toBeUndefined();
});

test("a cut connection is gone on with from where it broke", async () => {
  hub.faults.cuts = [70_000, 30_000];
  await download();
  expect(readFileSync(join(folder, FILE)).equals(CONTENT)).toBe(true);
  const [first, second, third, ...more] = hub.ranges;
  expect([first, more]).toEqual([undefined, []]);
  for (const range of [second, third]) expect(range).toMatch(/^bytes=\d+-$/);
});

test("a later run goes on with what an earlier one left", async () => {
  hub.faults.cuts = [50_000, 0, 0, 0];
  await expect(download()).rejects.toMatchObject({ code: "download_broken", params: { file: FILE } });
  const [part] = leftovers();
  const kept = statSync(join(folder, part ?? "")).size;
  expect(kept).toBeGreaterThan(0);
  hub.faults.cuts = [];
  hub.seen.length = 0;
  await download();
  expect(hub.ranges).toEqual([`bytes=${kept}-`]);
  expect(readFileSync(join(folder, FILE)).equals(CONTENT)).toBe(true);
  expect(leftovers()).toEqual([]);
});

test.each([
  ["by a storage that knows no ranges", 50_000],
  ["where the part is longer than the file", CONTENT.byteLength + 1],
])("it begins again %s", async (_, partBytes) => {
  await pull();
  rmSync(join(folder, FILE));
  const part = join(folder, `${FILE}.${SHA256.slice(0, 16)}.part`);
  writeFileSync(part, CONTENT);
  truncateSync(part, partBytes);
  hub.faults.ignoreRanges = true;
  await download();
  expect(readFileSync(join(folder, FILE)).equals(CONTENT)).toBe(true);
});

test.each(["416", "shifted"] as const)(
  "an answer to another range than was asked for is not kept: %s",
  async (wrong) => {
    hub.faults.cuts = [50_000];
    hub.faults.wrongRanges = [wrong];
    await download();
    expect(readFileSync(join(folder, FILE)).equals(CONTENT)).toBe(true);
    expect(hub.ranges).toEqual([undefined, expect.stringMatching(/^bytes=\d+-$/), undefined]);
  },
);

test("damage on the way is found, and nothing of it stays", async () => {
  hub.faults.corrupt = true;
  await expect(pull()).rejects.toMatchObject({ code: "checksum_wrong", params: { expected: SHA256 } });
  expect(readdirSync(folder)).toEqual([]);
});

test("damage in a part that an earlier run left is found", async () => {
  hub.faults.cuts = [50_000, 0, 0, 0];
  await expect(download()).rejects.toMatchObject({ code: "download_broken" });
  const part = join(folder, leftovers()[0] ?? "");
  writeFileSync(part, readFileSync(part).fill(0, 0, 100));
  hub.faults.cuts = [];
  await expect(download()).rejects.toMatchObject({ code: "checksum_wrong" });
  await download();
  expect(readFileSync(join(folder, FILE)).equals(CONTENT)).toBe(true);
});

test("small files, which git itself keeps, are checked by git's hash", async () => {
  hub.put("someone/small", "small-Q4_0.gguf", Buffer.from("not much"));
  const path = await pullFrom(client(), cache, { repo: "someone/small", quant: null, revision: null });
  // printf 'not much' | git hash-object --stdin
  expect(readFileSync(`${path}.hash`, "utf8")).toBe(
    `git-blob f83058b39eb2d73d0b711bb905dbb1937bbc83a4\ncommit ${COMMIT}\n`,
  );
});

test("parts of earlier versions go when a file is whole", async () => {
  mkdirSync(folder, { recursive: true });
  const older = `${FILE}.${"a".repeat(16)}.part`;
  const other = `tiny-Q8_0.gguf.${"a".repeat(16)}.part`;
  for (const name of [older, other]) writeFileSync(join(folder, name), "some");
  await pull();
  expect(leftovers()).toEqual([other]);
});

test("a quantisation that is not there is answered with what is", async () => {
  await expect(pull("Q2_K")).rejects.toMatchObject({
    code: "quant_unavailable",
    params: { repo: REPO, wanted: "Q2_K", available: "Q4_0 (195 KiB)" },
  });
});

test.each([
  [401, "GatedRepo", "it needs its licence accepted. Open PAGE with"],
  [403, "GatedRepo", "it needs its licence accepted. Open PAGE with"],
  [401, "", "or be private, or there is no repository of that name. Open PAGE with"],
  [
    401,
    "RepoNotFound",
    "there is no repository of that name, or it is private. Check the name; for a private one, set HF_",
  ],
])("%d %s says what may be the matter", async (status, code, text) => {
  hub.faults.refusal = { status, code };
  const message = text.replace("PAGE", `${hub.endpoint}/${REPO}`);
  await expect(pull()).rejects.toMatchObject({ code: "hub_refused", params: { status } });
  await expect(pull()).rejects.toThrow(message);
  await expect(pull(null, { token: TOKEN })).rejects.toThrow("token of HF_TOKEN");
});

test("weights that are known not to run are refused before they come, and what runs is named", async () => {
  hub.put(REPO, "tiny-IQ2_XXS.gguf", Buffer.alloc(10));
  const refused = pull("IQ2_XXS");
  await expect(refused).rejects.toMatchObject({ code: "model_feature_unsupported" });
  await expect(refused).rejects.toThrow(`${REPO} also has: Q4_0 (195 KiB).`);
  expect(hub.ranges).toEqual([]);
});

test.each([
  ["one that is right is not fetched again", (content: Buffer) => content, 0],
  ["an older version of the same size is", (content: Buffer) => content.map((byte) => byte ^ 1), 1],
])("of files that a pull ended in its last step left without a hash, %s", async (_, change, fetches) => {
  const path = await pull();
  rmSync(`${path}.hash`);
  writeFileSync(path, change(CONTENT));
  hub.seen.length = 0;
  await pull();
  expect(hub.ranges.length).toBe(fetches);
  expect(readFileSync(path).equals(CONTENT)).toBe(true);
  expect(readFileSync(`${path}.hash`, "utf8")).toBe(`sha256 ${SHA256}\ncommit ${COMMIT}\n`);
});

test("404: no such repository, no such file", async () => {
  await expect(client().listFiles("someone/else", COMMIT, new AbortController().signal)).rejects.toMatchObject({
    code: "hub_not_found",
    params: { what: "someone/else" },
  });
  const gone = client().openFile({ repo: REPO, commit: COMMIT }, "gone.gguf", 0, new AbortController().signal);
  await expect(gone).rejects.toMatchObject({ code: "hub_not_found", params: { what: `gone.gguf in ${REPO}` } });
});

test("a hub that answers 500 is tried again, then named", async () => {
  hub.faults.refusal = { status: 500, code: "" };
  await expect(download()).rejects.toMatchObject({ code: "download_broken" });
  expect(hub.seen.length).toBe(QUICK.attempts);
});

test("a hub that is busy is asked again, after as long as it says", async () => {
  hub.faults.busy = [null, "1", new Date(0).toUTCString()];
  const beginMs = performance.now();
  expect(await pull(null, { patience: { ...QUICK, attempts: 4 } })).toBe(join(folder, FILE));
  expect(performance.now() - beginMs).toBeGreaterThan(950);
  const asked = hub.seen.map(({ url }) => /\/(revision|tree|resolve)\//.exec(url)?.[1] ?? "storage");
  expect(asked).toEqual([...Array<string>(4).fill("revision"), "tree", "resolve", "storage"]);
});

test("a hub that stays busy is named, and one that refuses is asked once", async () => {
  hub.faults.refusal = { status: 503, code: "" };
  await expect(pull()).rejects.toMatchObject({ code: "hub_unreachable", params: { reason: /status 503/ } });
  expect(hub.seen.length).toBe(QUICK.attempts);
  hub.seen.length = 0;
  hub.faults.refusal = { status: 404, code: "RepoNotFound" };
  await expect(pull()).rejects.toMatchObject({ code: "hub_not_found" });
  expect(hub.seen.length).toBe(1);
});

test("a hub that is not there", async () => {
  const gone = createServer().listen(0, "127.0.0.1");
  await once(gone, "listening");
  const { port } = gone.address() as { port: number };
  await new Promise((closed) => gone.close(closed));
  const nobody = new HubClient({ endpoint: `http://127.0.0.1:${port}` });
  const listing = nobody.listFiles(REPO, COMMIT, new AbortController().signal);
  await expect(listing).rejects.toMatchObject({ code: "hub_unreachable", params: { host: `127.0.0.1:${port}` } });
});

test.each(["ftp://127.0.0.1/x", "http://", "file:///etc/passwd"])(
  "a redirect to %s is not followed",
  async (redirect) => {
    hub.faults.redirect = redirect;
    await expect(download()).rejects.toMatchObject({ code: "hub_invalid" });
  },
);

test("a redirect in a circle ends", async () => {
  hub.faults.redirect = `${hub.endpoint}/${REPO}/resolve/${COMMIT}/${FILE}`;
  await expect(download()).rejects.toMatchObject({ code: "hub_invalid", params: { problem: /redirects more/ } });
});

test("a file that changed since the listing is said so", async () => {
  hub.faults.linkedEtag = "0".repeat(64);
  await expect(pull()).rejects.toMatchObject({ code: "hub_changed" });
});

test("a connection that brings nothing is given up", async () => {
  hub.faults.silent = true;
  await expect(pull(null, { patience: { ...QUICK, stallMs: 300 } })).rejects.toMatchObject({
    code: "download_broken",
    params: { reason: /nothing came/ },
  });
});

test("an abort keeps the part", async () => {
  hub.faults.chunkMs = 20;
  const stop = new AbortController();
  const running = download(stop.signal);
  while (!existsSync(folder) || !leftovers().some((name) => name.endsWith(".part"))) await pause();
  while (statSync(join(folder, leftovers().find((name) => name.endsWith(".part")) ?? "")).size === 0) await pause();
  stop.abort();
  await expect(running).rejects.toMatchObject({ name: "AbortError" });
  expect(leftovers().length).toBe(1);
});

test("a pull that cannot fit is refused before it begins", async () => {
  const spare = 64 * 1024 * 1024;
  const available = async (where: string): Promise<number> => (where === folder ? spare + CONTENT.byteLength - 1 : 0);
  await expect(pull(null, { available })).rejects.toMatchObject({
    code: "disk_full",
    params: { folder, needed: "195 KiB", free: "64.2 MiB" },
  });
  expect([hub.ranges, leftovers()]).toEqual([[], []]);
  await pull(null, { available: async () => spare + CONTENT.byteLength });
});

test("what an earlier run left needs no room again", async () => {
  hub.faults.cuts = [50_000, 0, 0, 0];
  await expect(pull()).rejects.toMatchObject({ code: "download_broken" });
  const kept = statSync(join(folder, leftovers()[0] ?? "")).size;
  hub.faults.cuts = [];
  await pull(null, { available: async () => 64 * 1024 * 1024 + CONTENT.byteLength - kept });
});

test("a disk that fills up on the way is named, and the part is kept", async () => {
  const full = Object.assign(new TypeError("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  const append = vi
    .spyOn(PartFile.prototype, "append")
    .mockRejectedValueOnce(Object.assign(full, { syscall: "write" }));
  await expect(pull()).rejects.toMatchObject({ code: "disk_full", params: { folder, needed: "195 KiB" } });
  append.mockRestore();
  expect(leftovers().length).toBe(1);
});

test("a real full disk", async ({ skip }) => {
  if (!mountSmallDisk(folder, "128k")) skip("this user may not mount a small tmpfs");
  try {
    await expect(pull(null, { available: () => Promise.resolve(Infinity) })).rejects.toMatchObject({
      code: "disk_full",
      params: { folder },
    });
    const [part] = leftovers();
    expect(statSync(join(folder, part ?? "")).size).toBeGreaterThan(0);
  } finally {
    unmountDisk(folder);
  }
});

test("a disk that is full to its last byte, so that not even the lock can be written", async ({ skip }) => {
  if (!mountSmallDisk(folder, "128k")) skip("this user may not mount a small tmpfs");
  try {
    expect(() => writeFileSync(join(folder, "filler"), Buffer.alloc(2 ** 20))).toThrow("ENOSPC");
    const full = { code: "disk_full", params: { folder, needed: "195 KiB", free: "0 B" } };
    await expect(pull()).rejects.toMatchObject(full);
    expect(leftovers()).toEqual(["filler"]);
  } finally {
    unmountDisk(folder);
  }
});

test("of two pulls of one model the second waits for the first", async () => {
  hub.faults.chunkMs = 10;
  const waits: string[] = [];
  const onWait = (holder: string): void => void waits.push(holder);
  const paths = await Promise.all([pull(null, { onWait }), pull(null, { onWait })]);
  expect(new Set(paths).size).toBe(1);
  expect(waits).toEqual([expect.stringContaining(`process ${process.pid}`)]);
  expect(hub.ranges.length).toBe(1);
});

const pause = (): Promise<void> => new Promise((go) => setTimeout(go, 5));
