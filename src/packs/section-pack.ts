/**
 * A pack of one small section that is read whole, with its SHA-256 in the header: what is not worth a mapping, but
 * lies in the same folder and goes by the same rules as packed weights.
 */

import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { encodeSections, type PackHeader, readPackHeader, sha256 } from "./pack-file.ts";

/** Behind the largest header. */
const SECTION_OFFSET = 256 * 1024;

/** The section `name` of the pack at `path`; null where there is none of `key` or it is damaged. */
export function readSectionPack(path: string, key: string, name: string): Uint8Array | null {
  const read = readPackHeader(path);
  if (!("header" in read) || read.header.key !== key) return null;
  const section = read.header.sections.find((candidate) => candidate.name === name);
  if (section === undefined) return null;
  const file = readFileSync(path);
  // A copy begins at offset 0, so that arrays of any kind may lie in it.
  const bytes = new Uint8Array(file.subarray(section.offset, section.offset + section.bytes));
  return sha256(bytes).toString("hex") === section.sha256 ? bytes : null;
}

/** To `partialPath` first, so that `path` is never half a pack. Throws what the system says. */
export function writeSectionPack(
  path: string,
  partialPath: string,
  header: Omit<PackHeader, "sections">,
  name: string,
  bytes: Uint8Array,
): void {
  const sha = sha256(bytes).toString("hex");
  const sections = [{ name, offset: SECTION_OFFSET, bytes: bytes.length, sha256: sha }];
  const file = new Uint8Array(SECTION_OFFSET + bytes.length);
  file.set(encodeSections({ ...header, sections }));
  file.set(bytes, SECTION_OFFSET);
  try {
    writeFileSync(partialPath, file);
    renameSync(partialPath, path);
  } catch (error) {
    rmSync(partialPath, { force: true });
    throw error;
  }
}
