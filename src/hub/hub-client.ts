/**
 * Requests to a Hugging Face hub or what stands in for it: a repository's files, and their bytes. Follows
 * redirects itself, because the token goes to the endpoint's own origin and nowhere else.
 * Source: the hub's OpenAPI description and the headers that huggingface_hub reads.
 */

import type { Environment } from "../base/environment.ts";
import { TurnwiseError, fail } from "../base/errors.ts";
import { hubFailure, unreachable } from "./hub-failures.ts";
import { fetchThrough, findProxy } from "./proxy.ts";
import { nextPage, parseCommit, parseTree } from "./tree-listing.ts";
import type { HubFile } from "./tree-listing.ts";
import { findHubToken } from "./token.ts";
import type { HubToken } from "./token.ts";

const DEFAULT_ENDPOINT = "https://huggingface.co";
const MAIN_BRANCH = "main";
/** The hub redirects once, or twice for a renamed repository. */
const MAX_REDIRECTS = 5;
/** A page holds up to 1,000 entries. */
const MAX_PAGES = 100;
/** Of one page: 1,000 entries of at most a few hundred bytes each. */
const MAX_LISTING_BYTES = 4 * 1024 * 1024;

export interface OpenFile {
  readonly response: Response;
  /** The content's hash by the hub's word in this moment, or null: SHA-256 of a large file. */
  readonly linkedHash: string | null;
}

/** A repository as it was at one commit. */
export interface HubSnapshot {
  /** "ORG/NAME". */
  readonly repo: string;
  readonly commit: string;
}

export interface HubClientOptions {
  /** Its path, if any, stands before every path of the hub. */
  readonly endpoint?: string;
  readonly token?: HubToken | null;
  /** What goes over the network; by default without a proxy. */
  readonly fetch?: HubFetch;
}

/** As much of `fetch` as a hub needs; redirects are left to the caller. */
export type HubFetch = (
  url: URL,
  init: { readonly headers: Record<string, string>; readonly signal: AbortSignal },
) => Promise<Response>;

const directFetch: HubFetch = (url, init) => fetch(url, { ...init, redirect: "manual" });

export class HubClient {
  readonly #endpoint: URL;
  readonly #token: HubToken | null;
  readonly #fetchOne: HubFetch;

  constructor({ endpoint = DEFAULT_ENDPOINT, token = null, fetch: fetchOne = directFetch }: HubClientOptions) {
    this.#fetchOne = fetchOne;
    this.#endpoint = parseEndpoint(endpoint);
    this.#token = token;
  }

  /** HF_ENDPOINT, the user's token and proxies. Throws `invalid_option` for an endpoint that is no URL. */
  static fromEnvironment(env: Environment): HubClient {
    const endpoint = env["HF_ENDPOINT"] ?? "";
    const fetchOne: HubFetch = (url, init) => {
      const proxy = findProxy(url, env);
      return proxy === null ? directFetch(url, init) : fetchThrough(proxy, url, init);
    };
    return new HubClient({ token: findHubToken(env), fetch: fetchOne, ...(endpoint === "" ? {} : { endpoint }) });
  }

  get host(): string {
    return this.#endpoint.host;
  }

  /** The commit that a branch, a tag or the beginning of a commit's name stands for now; null: the main branch. */
  async findCommit(repo: string, revision: string | null, signal: AbortSignal): Promise<string> {
    const url = this.#url(`api/models/${repo}/revision/${encodeURIComponent(revision ?? MAIN_BRANCH)}`);
    const { response } = await this.#get(url, {}, signal);
    if (response.status !== 200) {
      const isRevision = revision !== null && response.headers.get("x-error-code") !== "RepoNotFound";
      throw await this.#failure(response, repo, isRevision ? `revision ${revision}` : null);
    }
    return parseCommit(url.href, await readText(response, url));
  }

  /** All files of a repository as `commit` has them. */
  async listFiles(repo: string, commit: string, signal: AbortSignal): Promise<readonly HubFile[]> {
    const files: HubFile[] = [];
    let url: URL | null = this.#url(`api/models/${repo}/tree/${commit}?recursive=true`);
    for (let page = 0; url !== null; page += 1) {
      if (page === MAX_PAGES)
        fail("hub_invalid", { url: url.href, problem: `the listing has over ${MAX_PAGES} pages` });
      const { response } = await this.#get(url, {}, signal);
      if (response.status !== 200) throw await this.#failure(response, repo, null);
      files.push(...parseTree(url.href, await readText(response, url)));
      url = nextPage(response.headers.get("link"), url);
    }
    return files;
  }

  /**
   * A file's bytes from `offset`: status 200 means from the beginning after all, 206 from there, 416 that
   * there is nothing there. Throws for every other status.
   */
  async openFile({ repo, commit }: HubSnapshot, path: string, offset: number, signal: AbortSignal): Promise<OpenFile> {
    const url = this.#url(`${repo}/resolve/${commit}/${path.split("/").map(encodeURIComponent).join("/")}`);
    const range: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const opened = await this.#get(url, { "accept-encoding": "identity", ...range }, signal);
    const { status } = opened.response;
    if (status !== 200 && status !== 206 && status !== 416) throw await this.#failure(opened.response, repo, path);
    return opened;
  }

  #url(path: string): URL {
    return new URL(path, this.#endpoint);
  }

  /** Follows redirects; the first answer of the endpoint's that names a hash counts. */
  async #get(start: URL, headers: Record<string, string>, signal: AbortSignal): Promise<OpenFile> {
    let url = start;
    let linkedHash: string | null = null;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const response = await this.#fetch(url, headers, signal);
      linkedHash ??= response.headers.get("x-linked-etag")?.replaceAll(/^W\/|"/g, "") ?? null;
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null) return { response, linkedHash };
      await response.body?.cancel();
      url = redirected(location, url);
    }
    return fail("hub_invalid", { url: start.href, problem: `it redirects more than ${MAX_REDIRECTS} times` });
  }

  async #fetch(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const isEndpoint = url.origin === this.#endpoint.origin;
    const authorization = isEndpoint && this.#token !== null ? { authorization: `Bearer ${this.#token.value}` } : {};
    try {
      return await this.#fetchOne(url, { headers: { ...headers, ...authorization }, signal });
    } catch (thrown) {
      signal.throwIfAborted();
      throw thrown instanceof TurnwiseError ? thrown : unreachable(url, thrown);
    }
  }

  async #failure(response: Response, repo: string, path: string | null): Promise<Error> {
    await response.body?.cancel();
    const { status } = response;
    const errorCode = response.headers.get("x-error-code");
    const retryAfter = response.headers.get("retry-after");
    const page = this.#url(repo).href;
    return hubFailure({ status, errorCode, host: this.host, repo, path, page, token: this.#token, retryAfter });
  }
}

/** Encrypted stays encrypted, and nothing but HTTP is spoken. */
function redirected(location: string, from: URL): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (to !== null && (to.protocol === "https:" || to.protocol === from.protocol)) return to;
  const problem = `it redirects to ${JSON.stringify(location.slice(0, 200))}, which is not followed`;
  return fail("hub_invalid", { url: from.href, problem });
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) {
    fail("invalid_option", { option: "HF_ENDPOINT", problem: `${JSON.stringify(text)} is not a URL.` });
  }
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

async function readText(response: Response, url: URL): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_LISTING_BYTES) {
      fail("hub_invalid", { url: url.href, problem: `the listing is larger than ${MAX_LISTING_BYTES} bytes` });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
