/** Names of models on a hub, as users write them: `hf:ORG/NAME` or `hf:ORG/NAME:QUANT`. */

import { fail } from "../base/errors.ts";

const SCHEME = "hf:";

/** The hub's own rule for both halves of a repository's name, which are folders of the cache, too. */
const REPO = /^[A-Za-z0-9_][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/;
const QUANT = /^\w[\w.-]{0,127}$/;

export interface HubReference {
  /** "ORG/NAME". */
  readonly repo: string;
  /** Which of the repository's models: a quantisation such as "Q4_K_M", or a file's name. Null: the usual one. */
  readonly quant: string | null;
}

export const hasHubScheme = (text: string): boolean => text.startsWith(SCHEME);

/** Reads `text`, with or without its scheme; null where it cannot be such a name. */
export function parseHubReference(text: string): HubReference | null {
  const name = hasHubScheme(text) ? text.slice(SCHEME.length) : text;
  const [repo = "", quant = null, ...rest] = name.split(":");
  if (rest.length > 0 || !REPO.test(repo) || repo.includes("..")) return null;
  if (quant !== null && !QUANT.test(quant)) return null;
  return { repo, quant };
}

/** `parseHubReference`; throws `model_name_invalid`. */
export function requireHubReference(text: string): HubReference {
  return parseHubReference(text) ?? fail("model_name_invalid", { name: JSON.stringify(text.slice(0, 200)) });
}

export const formatHubReference = ({ repo, quant }: HubReference): string =>
  quant === null ? `${SCHEME}${repo}` : `${SCHEME}${repo}:${quant}`;
