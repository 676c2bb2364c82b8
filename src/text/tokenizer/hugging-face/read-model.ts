/** The model of a tokenizer.json: its pieces, and what makes words of them. */

import type { VocabularyData } from "../types.ts";
import { unsupported } from "./components.ts";
import { findString, getArray, getBool, getObject, invalid, type JsonObject, place, toId } from "./json-value.ts";

export interface ReadModel {
  readonly pieces: ReadonlyMap<string, number>;
  /** The unknown token's id, or null. */
  readonly unkId: number | null;
  readonly byteFallback: boolean;
  readonly data: Pick<VocabularyData, "merges" | "wholeWords" | "fuseUnknown" | "byteFallback" | "scores">;
  readonly kind: "bpe" | "unigram";
}

/** Throws `tokenizer_unsupported`, naming the type, and `tokenizer_invalid`. */
export function readModel(json: JsonObject): ReadModel {
  // Files of old have no type; only BPE has merges.
  const type = findString(json, "type") ?? ("merges" in json.fields ? "BPE" : "Unigram");
  switch (type) {
    case "BPE":
      return readBpe(json);
    case "Unigram":
      return readUnigram(json);
    default:
      return unsupported("model", { type, json });
  }
}

function readBpe(json: JsonObject): ReadModel {
  for (const option of ["continuing_subword_prefix", "end_of_word_suffix"]) {
    if ((findString(json, option) ?? "") !== "") unsupported("BPE option", { type: option, json });
  }
  if ((json.fields["dropout"] ?? 0) !== 0) unsupported("BPE option", { type: "dropout", json });
  const vocab = getObject(json, "vocab");
  const pieces = new Map(Object.entries(vocab.fields).map(([piece, id]) => [piece, toId(id, vocab.at)]));
  const unknown = findString(json, "unk_token");
  const byteFallback = getBool(json, "byte_fallback", false);
  return {
    kind: "bpe",
    pieces,
    unkId: unknown === null ? null : (pieces.get(unknown) ?? null),
    byteFallback,
    data: {
      merges: getArray(json, "merges").map((merge, index) => readMerge(merge, `${place(json.at, "merges")}[${index}]`)),
      wholeWords: getBool(json, "ignore_merges", false),
      fuseUnknown: getBool(json, "fuse_unk", false),
      byteFallback,
    },
  };
}

/** "left right", or the two in an array; a space in one of those is U+2581, which means the same. */
function readMerge(merge: unknown, at: string): string {
  if (typeof merge === "string") return merge;
  const [left, right] = Array.isArray(merge) ? (merge as readonly unknown[]) : [];
  if (typeof left !== "string" || typeof right !== "string") return invalid(at, "it is not a merge of two tokens");
  return `${left.replaceAll(" ", "\u2581")} ${right.replaceAll(" ", "\u2581")}`;
}

function readUnigram(json: JsonObject): ReadModel {
  const vocab = getArray(json, "vocab");
  const pieces = new Map<string, number>();
  const scores = new Float64Array(vocab.length);
  for (const [id, entry] of vocab.entries()) {
    const [piece, score] = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    if (typeof piece !== "string" || typeof score !== "number") {
      return invalid(`${place(json.at, "vocab")}[${id}]`, "it is not a piece with its score");
    }
    if (!pieces.has(piece)) pieces.set(piece, id);
    scores[id] = score;
  }
  const { unk_id: unkId } = json.fields;
  const byteFallback = getBool(json, "byte_fallback", false);
  return {
    kind: "unigram",
    pieces,
    unkId: unkId === undefined || unkId === null ? null : toId(unkId, place(json.at, "unk_id")),
    byteFallback,
    data: { scores, fuseUnknown: true, byteFallback },
  };
}
