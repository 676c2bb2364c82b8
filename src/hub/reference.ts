/** Names of models on a hub, as users write them: `hf:ORG/NAME`, `hf:ORG/NAME:QUANT`, each with `@REVISION` or not. */

import { fail } from "../base/errors.ts";

export const HUB_SCHEME = "hf:";

/** The hub's own rule for both halves of a repository's name, which are folders of the cache, too. */
const REPO = /^[A-Za-z0-9_][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/;
const QUANT = /^\w[\w.-]{0,127}$/;
/** Of git's names for branches and tags those that can be written here; "refs/pr/1" is one. */
const REVISION = /^\w[\w./-]{0,127}$/;

export interface HubReference {
  /** "ORG/NAME". */
  readonly repo: string;
  /** Which of the repository's models: a quantisation such as "Q4_K_M", or a file's name. Null: the usual one. */
  readonly quant: string | null;
  /** A branch, a tag or a commit. Null: the main branch. */
  readonly revision: string | null;
}

export const hasHubScheme = (text: string): boolean => text.startsWith(HUB_SCHEME);

/** Reads `text`, with or without its scheme; null where it cannot be such a name. */
export function parseHubReference(text: string): HubReference | null {
  const [name = "", revision = null, ...more] = (hasHubScheme(text) ? text.slice(HUB_SCHEME.length) : text).split("@");
  const [repo = "", quant = null, ...rest] = name.split(":");
  if (rest.length + more.length > 0 || !REPO.test(repo) || repo.includes("..")) return null;
  if (quant !== null && !QUANT.test(quant)) return null;
  if (revision !== null && (!REVISION.test(revision) || revision.includes(".."))) return null;
  return { repo, quant, revision };
}

/** `parseHubReference`; throws `model_name_invalid`. */
export function requireHubReference(text: string): HubReference {
  return parseHubReference(text) ?? fail("model_name_invalid", { name: JSON.stringify(text.slice(0, 200)) });
}

export function formatHubReference({ repo, quant, revision }: HubReference): string {
  const model = quant === null ? repo : `${repo}:${quant}`;
  return `${HUB_SCHEME}${model}${revision === null ? "" : `@${revision}`}`;
}

/** A commit as people write it. */
export const shortCommit = (commit: string): string => commit.slice(0, 12);
