/** The tokens of a tokenizer.json by id: those of its model and the added ones. */

import { TOKEN_STRIP, TOKEN_TYPE } from "../types.ts";
import {
  findObject,
  findString,
  getBool,
  getObjects,
  getString,
  invalid,
  type JsonObject,
  toId,
  toObject,
} from "./json-value.ts";
import { TOKENIZER_JSON_LIMITS } from "./limits.ts";

export interface TokenList {
  readonly tokens: string[];
  readonly tokenTypes: Int32Array;
  readonly strips: Uint8Array;
  /** The id of a token by its stored form, or null. */
  idOf(token: string): number | null;
}

interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly type: number;
  readonly strip: number;
}

/**
 * `model` are the pieces of the model with their ids, `config` is tokenizer_config.json. Ids that no token has get an
 * empty, unused one. The list is as long as the embedding, `rows`; added tokens beyond it, which the model can neither
 * read nor write, are left out. Without `rows` it ends with the last id.
 */
export function buildTokenList(
  model: Iterable<readonly [token: string, id: number]>,
  root: JsonObject,
  config: JsonObject | null,
  rows: number | null,
): TokenList {
  const idOfToken = new Map<string, number>(model);
  const added = readAddedTokens(root, config).filter(({ id }) => rows === null || id < rows);
  for (const { id, content } of added) idOfToken.set(content, id);
  const last = [...idOfToken.values()].reduce((most, id) => Math.max(most, id), -1);
  if (rows !== null && last >= rows) invalid(root.at, `its ids go up to ${last}; config.json has ${rows} tokens`);
  const size = rows ?? last + 1;
  if (size > TOKENIZER_JSON_LIMITS.tokens) {
    invalid(root.at, `its ids go up to ${size - 1}; the limit is ${TOKENIZER_JSON_LIMITS.tokens}`);
  }
  const tokens = Array.from({ length: size }, () => "");
  const tokenTypes = new Int32Array(size).fill(TOKEN_TYPE.unused);
  const strips = new Uint8Array(size);
  for (const [token, id] of idOfToken) {
    tokens[id] = token;
    tokenTypes[id] = TOKEN_TYPE.normal;
  }
  for (const { id, content, type, strip } of added) {
    tokens[id] = content;
    tokenTypes[id] = type;
    strips[id] = strip;
  }
  return { tokens, tokenTypes, strips, idOf: (token) => idOfToken.get(token) ?? null };
}

/** Those of tokenizer.json, and of tokenizer_config.json what is not among them. */
function readAddedTokens(root: JsonObject, config: JsonObject | null): readonly AddedToken[] {
  const found = new Map<number, AddedToken>();
  const decoder = config === null ? null : findObject(config, "added_tokens_decoder");
  for (const [id, value] of Object.entries(decoder?.fields ?? {})) {
    const at = `${decoder?.at}.${id}`;
    const token = readAdded(toObject(value, at), toId(Number(id), at));
    found.set(token.id, token);
  }
  if (findAddedList(root)) {
    for (const json of getObjects(root, "added_tokens")) {
      const token = readAdded(json, toId(json.fields["id"], `${json.at}.id`));
      found.set(token.id, token);
    }
  }
  return [...found.values()];
}

function findAddedList(root: JsonObject): boolean {
  return root.fields["added_tokens"] !== undefined && root.fields["added_tokens"] !== null;
}

function readAdded(json: JsonObject, id: number): AddedToken {
  const left = getBool(json, "lstrip", false) ? TOKEN_STRIP.left : 0;
  const right = getBool(json, "rstrip", false) ? TOKEN_STRIP.right : 0;
  const type = getBool(json, "special", false) ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined;
  return { id, content: getString(json, "content"), type, strip: left | right };
}

/** A special token of tokenizer_config.json, by its text or as an object with its content; null where none is named. */
export function findSpecialText(config: JsonObject, name: string): string | null {
  const value = config.fields[name];
  if (typeof value !== "object" || value === null) return findString(config, name);
  return getString(toObject(value, `${config.at}: ${name}`), "content");
}
