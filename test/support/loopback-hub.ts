/**
 * A hub on this machine, as far as pulling asks for one: listings in pages, `resolve` that redirects large
 * files to a storage of another origin, ranges. Faults are switched on by tests. Shapes after the answers
 * of huggingface.co.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createServer as createEncryptedServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Certificate } from "./self-signed-certificate.ts";

export interface SeenRequest {
  readonly server: "hub" | "storage";
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

export interface Faults {
  /** The next answers of the storage end after so many bytes of the body, one entry each. */
  cuts: number[];
  /** Every byte of a file is answered changed. */
  corrupt: boolean;
  /** Answers all of the file to every range. */
  ignoreRanges: boolean;
  /** Status of every answer of the hub, with the hub's own code for it. */
  refusal: { readonly status: number; readonly code: string } | null;
  /** Where `resolve` redirects instead of to the storage. */
  redirect: string | null;
  /** What X-Linked-Etag says instead of the truth. */
  linkedEtag: string | null;
  /** Milliseconds between the chunks of a body. */
  chunkMs: number;
  /** The storage accepts a request and never answers. */
  silent: boolean;
  /** The next requests of the hub are answered with 429, one entry each: what Retry-After says, or null. */
  busy: (string | null)[];
  /** The next ranges are answered so: 416, or 206 from one byte further on. */
  wrongRanges: ("416" | "shifted")[];
}

/** Entries on a page of a listing. */
const PAGE_ENTRIES = 3;
const CHUNK_BYTES = 16 * 1024;

export class LoopbackHub {
  readonly faults: Faults = {
    cuts: [],
    corrupt: false,
    ignoreRanges: false,
    refusal: null,
    redirect: null,
    linkedEtag: null,
    chunkMs: 0,
    silent: false,
    busy: [],
    wrongRanges: [],
  };
  readonly seen: SeenRequest[] = [];
  /** Branches and tags, of every repository. */
  readonly commits = new Map([["main", "1".repeat(40)]]);
  readonly #files = new Map<string, Map<string, Buffer>>();
  readonly #hub: Server;
  readonly #storage: Server;

  readonly #scheme: "http" | "https";

  private constructor(certificate: Certificate | null) {
    const serve = (listener: RequestListener): Server =>
      certificate === null ? createServer(listener) : createEncryptedServer(certificate, listener);
    this.#scheme = certificate === null ? "http" : "https";
    this.#hub = serve((request, response) => this.#answerHub(request, response));
    this.#storage = serve((request, response) => void this.#answerStorage(request, response));
  }

  /** With a certificate it speaks HTTPS. */
  static async start(certificate: Certificate | null = null): Promise<LoopbackHub> {
    const hub = new LoopbackHub(certificate);
    for (const server of [hub.#hub, hub.#storage]) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    }
    return hub;
  }

  get endpoint(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
  }

  get #storageUrl(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#storage.address() as AddressInfo).port}`;
  }

  put(repo: string, path: string, content: Buffer): void {
    const files = this.#files.get(repo) ?? new Map<string, Buffer>();
    files.set(path, content);
    this.#files.set(repo, files);
  }

  /** All files of the repository. */
  remove(repo: string): void {
    this.#files.delete(repo);
  }

  /** Ranges that the storage was asked for, in order. */
  get ranges(): readonly (string | undefined)[] {
    return this.seen.filter(({ server }) => server === "storage").map(({ range }) => range);
  }

  async close(): Promise<void> {
    for (const server of [this.#hub, this.#storage]) {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    }
  }

  #note(server: SeenRequest["server"], { method = "", url = "", headers }: IncomingMessage): void {
    this.seen.push({ server, method, url, authorization: headers.authorization, range: headers.range });
  }

  #answerHub(request: IncomingMessage, response: ServerResponse): void {
    this.#note("hub", request);
    const { refusal } = this.faults;
    if (refusal !== null) {
      response.writeHead(refusal.status, { "x-error-code": refusal.code }).end('{"error":"refused"}');
      return;
    }
    const retryAfter = this.faults.busy.shift();
    if (retryAfter !== undefined) {
      response.writeHead(429, retryAfter === null ? {} : { "retry-after": retryAfter }).end();
      return;
    }
    const { pathname, searchParams } = new URL(request.url ?? "/", this.endpoint);
    const revision = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/([^/]+)$/.exec(pathname);
    const tree = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)$/.exec(pathname);
    const resolve = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname);
    const asked = revision ?? tree ?? resolve;
    const commit = decodeURIComponent(asked?.[2] ?? "");
    if (asked === null) response.writeHead(404).end();
    else if (!this.#files.has(asked[1] ?? "")) {
      response.writeHead(404, { "x-error-code": "RepoNotFound" }).end('{"error":"Repository not found"}');
    } else if (!this.#knows(commit)) response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
    else if (revision !== null) this.#answerRevision(asked[1] ?? "", commit, response);
    else if (tree !== null) this.#answerTree(tree[1] ?? "", Number(searchParams.get("cursor") ?? 0), response);
    else this.#answerResolve(asked[1] ?? "", decodeURIComponent(asked[3] ?? ""), response);
  }

  #knows(revision: string): boolean {
    return [...this.commits].flat().includes(revision);
  }

  #answerRevision(repo: string, revision: string, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ id: repo, sha: this.commits.get(revision) ?? revision }));
  }

  #answerTree(repo: string, from: number, response: ServerResponse): void {
    const files = this.#files.get(repo) ?? [];
    const all = [{ type: "directory", oid: "0".repeat(40), size: 0, path: "a-folder" }, ...[...files].map(treeEntry)];
    const next = from + PAGE_ENTRIES;
    const link = `<https://hub.invalid/api/models/${repo}/tree/main?recursive=true&cursor=${next}>; rel="next"`;
    response.writeHead(200, { "content-type": "application/json", ...(next < all.length ? { link } : {}) });
    response.end(JSON.stringify(all.slice(from, next)));
  }

  #answerResolve(repo: string, path: string, response: ServerResponse): void {
    const content = this.#files.get(repo)?.get(path);
    if (content === undefined) {
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end("Entry not found");
      return;
    }
    const { redirect, linkedEtag } = this.faults;
    response.writeHead(302, {
      location: redirect ?? `${this.#storageUrl}/${repo}/${path}?signature=1`,
      "x-repo-commit": "1".repeat(40),
      "x-linked-size": content.byteLength,
      "x-linked-etag": `"${linkedEtag ?? treeEntry([path, content]).hash}"`,
    });
    response.end();
  }

  async #answerStorage(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#note("storage", request);
    const { corrupt, ignoreRanges, chunkMs, silent } = this.faults;
    if (silent) return;
    const [, owner = "", name = "", ...rest] = new URL(request.url ?? "/", this.#storageUrl).pathname.split("/");
    const stored = this.#files.get(`${owner}/${name}`)?.get(rest.join("/"));
    if (stored === undefined) {
      response.writeHead(404).end();
      return;
    }
    const content = corrupt ? stored.map((byte) => byte ^ 1) : stored;
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    const wrong = asked === undefined ? undefined : this.faults.wrongRanges.shift();
    const total = content.byteLength;
    if (wrong === "416") {
      response.writeHead(416, { "content-range": `bytes */${total}` }).end("no such range");
      return;
    }
    const from = ignoreRanges ? 0 : Number(asked ?? 0) + (wrong === "shifted" ? 1 : 0);
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": total - from,
      etag: '"storage"',
      ...(from > 0 ? { "content-range": `bytes ${from}-${total - 1}/${total}` } : {}),
    });
    const cut = this.faults.cuts.shift();
    const end = cut === undefined ? total : Math.min(total, from + cut);
    for (let at = from; at < end && !response.destroyed; at += CHUNK_BYTES) {
      response.write(content.subarray(at, Math.min(end, at + CHUNK_BYTES)));
      await new Promise((go) => setTimeout(go, chunkMs));
    }
    if (cut === undefined) response.end();
    else response.destroy();
  }
}

function treeEntry([path, content]: readonly [string, Buffer]) {
  const size = content.byteLength;
  const pointer = { type: "file", oid: "f".repeat(40), size, path };
  if (!/\.(gguf|safetensors)$/.test(path) || path.includes("small")) {
    const oid = createHash("sha1").update(`blob ${size}\0`).update(content).digest("hex");
    return { ...pointer, oid, hash: oid };
  }
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { ...pointer, lfs: { oid: sha256, size, pointerSize: 134 }, xetHash: "e".repeat(64), hash: sha256 };
}
