/**
 * What masks need of a vocabulary, from the cache of packs where it is there and whole, else worked out now and
 * kept for the next start. Nothing here fails a generation: without a cache its first mask is later.
 */

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import {
  decodePrepared,
  encodePrepared,
  type PreparedVocabulary,
  PREPARED_REVISION,
  prepareVocabulary,
} from "../../text/grammar/masks/prepared-vocabulary.ts";
import type { VocabularyBytes } from "../../text/tokenizer/types.ts";
import type { PackModel } from "../../packs/pack-file.ts";
import { PackFolder, removePack } from "../../packs/pack-folder.ts";
import { readSectionPack, writeSectionPack } from "../../packs/section-pack.ts";
import type { WeightCacheSettings } from "../weight-cache-settings.ts";

/** Where it is kept, and of which model it is; plain data that crosses a thread. */
export interface PreparedPlace {
  readonly settings: WeightCacheSettings;
  readonly model: PackModel;
}

/** In the file's name and its header, where packs of weights have the CPU's layout. */
const LAYOUT = "masks";
const SECTION = "masks";
/** Of a smaller vocabulary it is made as fast as it is read. */
const LEAST_TOKENS = 16_384;

/** `place` null: no cache is looked at. */
export function preparedVocabulary(vocabulary: VocabularyBytes, place: PreparedPlace | null): PreparedVocabulary {
  if (place === null || vocabulary.flags.length < LEAST_TOKENS) return prepareVocabulary(vocabulary);
  const { settings, model } = place;
  const folder = new PackFolder(settings.folder);
  const key = keyOf(vocabulary);
  const path = folder.pathOf(model.name, LAYOUT, key);
  const kept = readSectionPack(path, key, SECTION);
  if (kept !== null) {
    if (!settings.readOnly) folder.touch(path);
    return decodePrepared(kept);
  }
  const prepared = prepareVocabulary(vocabulary);
  if (!settings.readOnly) keep(encodePrepared(prepared), path, key, folder, place);
  return prepared;
}

/** Of all that what is prepared depends on. */
function keyOf({ bytes, offsets, flags }: VocabularyBytes): string {
  const hash = createHash("sha256").update(`${PREPARED_REVISION} ${flags.length}`);
  for (const array of [bytes, offsets, flags]) {
    hash.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  return hash.digest("hex");
}

function keep(bytes: Uint8Array, path: string, key: string, folder: PackFolder, place: PreparedPlace): void {
  const { settings, model } = place;
  try {
    mkdirSync(folder.path, { recursive: true, mode: 0o700 });
    const room = folder.planRoom(path, bytes.length, settings.maxBytes);
    if (room.kind !== "room") return;
    for (const entry of room.evicted) removePack(entry);
    writeSectionPack(path, folder.partialPathOf(path), { key, layout: LAYOUT, model }, SECTION, bytes);
  } catch {
    // A disk that is full or not ours to write to: the next start works it out again.
  }
}
