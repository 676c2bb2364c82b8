import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TurnwiseError } from "../base/errors.ts";
import { nextPage, parseTree } from "./tree-listing.ts";

const URL_TEXT = "https://hub.example/api/models/o/n/tree/main?recursive=true";
const SHA1 = "4c1d2f5a9b0e7d3c6f8a1b2c3d4e5f6a7b8c9d0e";
const SHA256 = "9d1f".repeat(16);

test("large files have their SHA-256, files in git their blob hash, folders are left out", () => {
  const text = JSON.stringify([
    { type: "directory", oid: SHA1, size: 0, path: "Q8_0" },
    { type: "file", oid: SHA1, size: 1519, path: ".gitattributes" },
    {
      type: "file",
      oid: SHA1,
      size: 4_920_739_232,
      lfs: { oid: SHA256, size: 4_920_739_232, pointerSize: 135 },
      xetHash: SHA256,
      path: "Q8_0/m-Q8_0.gguf",
    },
  ]);
  expect(parseTree(URL_TEXT, text)).toEqual([
    { path: ".gitattributes", bytes: 1519, hash: { kind: "git-blob", hex: SHA1 } },
    { path: "Q8_0/m-Q8_0.gguf", bytes: 4_920_739_232, hash: { kind: "sha256", hex: SHA256 } },
  ]);
});

const file = { type: "file", oid: SHA1, size: 1, path: "a" };
test.each([
  ["<html>", "it is not JSON"],
  ["{}", "it is no list of files"],
  [JSON.stringify([{ ...file, oid: "x" }]), "it gives a no hash"],
  [JSON.stringify([{ ...file, size: -1 }]), "it gives a no size"],
  [JSON.stringify([{ ...file, lfs: { oid: SHA1, size: 1 } }]), "it gives a no hash"],
  ...["../a", "/a", "a/../b", "a//b", "./a", "", "a\\b", "a\0b", "a\nb", "x".repeat(1025)].map((path) => [
    JSON.stringify([{ ...file, path }]),
    "it lists the path",
  ]),
])("%s is refused: %s", (text = "", problem = "") => {
  expect(() => parseTree(URL_TEXT, text)).toThrow(problem);
});

/** The code of what `parseTree` throws, or null. */
function refusal(text: string): string | null {
  try {
    parseTree(URL_TEXT, text);
    return null;
  } catch (error) {
    return error instanceof TurnwiseError ? error.code : String(error);
  }
}

test("any JSON is read or refused with hub_invalid", () => {
  const value = fc.jsonValue();
  const entry = fc.record(
    { type: fc.constantFrom("file", "directory", 1), path: value, oid: value, size: value, lfs: value },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(value, fc.array(entry)), (listing) => {
      expect([null, "hub_invalid"]).toContain(refusal(JSON.stringify(listing)));
    }),
  );
});

test.each([
  [null, null],
  ['<https://huggingface.co/api/models/o/n/tree/main?cursor=abc>; rel="next"', "?cursor=abc"],
  ["</x?cursor=d>; rel=next", "?cursor=d"],
  ['<https://huggingface.co/x?cursor=abc>; rel="prev"', null],
])("the next page of %s is asked of the same hub", (link, search) => {
  const next = nextPage(link, new URL(URL_TEXT));
  expect(next?.href ?? null).toBe(search && `https://hub.example/api/models/o/n/tree/main${search}`);
});
