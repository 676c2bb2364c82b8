/**
 * Names and metadata of split models: `NAME-00001-of-00003.gguf`, counted from 1 in names and from 0
 * in `split.no`. Source: llama.cpp's gguf-split.
 */

import { fail } from "../../base/errors.ts";
import { at } from "../../base/invariant.ts";
import type { GgufLimits } from "./limits.ts";
import { printable } from "./read-metadata.ts";
import type { GgufPart } from "./read-part.ts";

export const SPLIT_NO = "split.no";
export const SPLIT_COUNT = "split.count";
export const SPLIT_TENSORS = "split.tensors.count";

export interface SplitName {
  /** The path without `-00001-of-00003.gguf`. */
  readonly prefix: string;
  /** From 1. */
  readonly part: number;
  readonly count: number;
}

/** The parts of a split file's name, or null where the name is of another form. */
export function parseSplitPath(path: string): SplitName | null {
  const match = /^(?<prefix>.*)-(?<part>\d{5})-of-(?<count>\d{5})\.gguf$/s.exec(path);
  if (match?.groups === undefined) return null;
  const { prefix = "", part = "", count = "" } = match.groups;
  return { prefix, part: Number(part), count: Number(count) };
}

export function splitPath({ prefix, part, count }: SplitName): string {
  return `${prefix}-${five(part)}-of-${five(count)}.gguf`;
}

/** How many files the model of `part` has; 1 where it is not split. */
export function splitCount(part: GgufPart, limits: GgufLimits): number {
  const count = part.structuralUint(SPLIT_COUNT) ?? 1;
  if (count > limits.splitParts) {
    fail("gguf_limit", {
      path: part.source.path,
      field: SPLIT_COUNT,
      offset: part.keyOffset(SPLIT_COUNT),
      value: count,
      limit: limits.splitParts,
      limitName: "splitParts",
    });
  }
  return Math.max(1, count);
}

/** Throws `gguf_invalid` unless `part` says that it is number `index`, from 0, of `count`. */
export function checkSplitPart(part: GgufPart, index: number, count: number): void {
  for (const [key, expected] of [
    [SPLIT_NO, index],
    [SPLIT_COUNT, count],
  ] as const) {
    const found = part.structuralUint(key) ?? "nothing";
    if (found !== expected) invalid(part, key, `part ${index + 1} of ${count} must say ${expected}, it says ${found}`);
  }
}

/** Throws `gguf_invalid` unless the parts' tensors are distinct and as many as the first part says. */
export function checkSplitTensors(parts: readonly GgufPart[]): void {
  const first = at(parts, 0);
  const seen = new Set<string>();
  for (const part of parts) {
    for (const { name, offset } of part.tensors) {
      if (seen.has(name)) invalid(part, `tensor "${printable(name)}"`, "an earlier part has it too", offset);
      seen.add(name);
    }
  }
  const expected = first.structuralUint(SPLIT_TENSORS);
  if (expected !== undefined && expected !== seen.size) {
    invalid(first, SPLIT_TENSORS, `it says ${expected}, the ${parts.length} parts have ${seen.size}`);
  }
}

/** The name of `part`'s file; throws `gguf_invalid` unless it is that of one of `count` parts. */
export function checkSplitName(part: GgufPart, count: number): SplitName {
  const name = parseSplitPath(part.source.path);
  if (name === null) {
    const ending = splitPath({ prefix: "", part: 1, count });
    return invalid(part, SPLIT_COUNT, `the model has ${count} parts, so this file's name must end like ${ending}`);
  }
  if (name.count !== count) invalid(part, SPLIT_COUNT, `it says ${count}, the file's name says ${name.count}`);
  return name;
}

function invalid(part: GgufPart, field: string, problem: string, offset = part.keyOffset(field)): never {
  return fail("gguf_invalid", { path: part.source.path, field, offset, problem });
}

function five(value: number): string {
  return String(value).padStart(5, "0");
}
