/** The hub's listing of a repository: `GET /api/models/ORG/NAME/tree/COMMIT?recursive=true`. */

import { fail } from "../base/errors.ts";
import type { ModelFile } from "./model-files.ts";

/** How a file's content is known: large files by SHA-256, those in git itself by git's blob hash. */
export interface ContentHash {
  readonly kind: "sha256" | "git-blob";
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

const SHA1 = /^[0-9a-f]{40}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const MAX_PATH_CHARACTERS = 1024;

export interface HubFile extends ModelFile {
  readonly hash: ContentHash;
}

/** What is used of an entry; nothing of it is trusted. */
interface Entry {
  readonly type?: unknown;
  readonly path?: unknown;
  readonly oid?: unknown;
  readonly size?: unknown;
  /** Large files: `oid` above is then the hash of a pointer. */
  readonly lfs?: { readonly oid?: unknown; readonly size?: unknown } | null;
}

/** Throws `hub_invalid` for anything but such a listing, and for a path that would leave its folder. */
export function parseTree(url: string, text: string): readonly HubFile[] {
  const entries = parseJson(url, text);
  if (!Array.isArray(entries)) return fail("hub_invalid", { url, problem: "it is no list of files" });
  return entries.filter(isFile).map((entry) => toHubFile(url, entry));
}

function parseJson(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return fail("hub_invalid", { url, problem: "it is not JSON" });
  }
}

const isFile = (entry: unknown): entry is Entry =>
  typeof entry === "object" && entry !== null && "type" in entry && entry.type === "file";

function toHubFile(url: string, { path, oid, size, lfs }: Entry): HubFile {
  if (typeof path !== "string" || !isInside(path)) {
    return fail("hub_invalid", { url, problem: `it lists the path ${JSON.stringify(path)}` });
  }
  const bytes = lfs ? lfs.size : size;
  const hex = lfs ? lfs.oid : oid;
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0) {
    return fail("hub_invalid", { url, problem: `it gives ${path} no size` });
  }
  if (typeof hex !== "string" || !(lfs ? SHA256 : SHA1).test(hex)) {
    return fail("hub_invalid", { url, problem: `it gives ${path} no hash` });
  }
  return { path, bytes, hash: { kind: lfs ? "sha256" : "git-blob", hex } };
}

/** Of `GET /api/models/ORG/NAME/revision/REVISION` only the commit is used. Throws `hub_invalid`. */
export function parseCommit(url: string, text: string): string {
  const answer = parseJson(url, text);
  const sha = typeof answer === "object" && answer !== null && "sha" in answer ? answer.sha : undefined;
  if (typeof sha === "string" && SHA1.test(sha)) return sha;
  return fail("hub_invalid", { url, problem: "it names no commit" });
}

/** The path becomes one of this machine. */
function isInside(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
  if (path.length > MAX_PATH_CHARACTERS || /[\u0000-\u001F\u007F\\]/.test(path)) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** The page that a Link header names as the next, at the endpoint that was asked: mirrors pass on the hub's own. */
export function nextPage(link: string | null, asked: URL): URL | null {
  const target = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (target === undefined || !URL.canParse(target, asked.href)) return null;
  const next = new URL(asked);
  next.search = new URL(target, asked).search;
  return next;
}
