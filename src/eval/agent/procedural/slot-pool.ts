/**
 * Slots of procedural tools. Those with a cue of their own are said as people say them ("for Marta"); the
 * others by the parameter's word ("with grade 7").
 */

import type { Draw } from "../draw.ts";
import type { Slot } from "../intent.ts";
import {
  AMOUNT,
  booleanOf,
  COUNT,
  DATE,
  EMAIL,
  enumOf,
  ID,
  integersFrom,
  listOf,
  PATH,
  PERSON,
  PLACE,
  SIGNED,
  TEXT,
  TIME,
  WORD,
} from "../values/kinds.ts";
import { inventWord } from "../values/names.ts";
import type { ValueKind } from "../values/value.ts";

export interface CuedSlot extends Slot {
  /** Phrase after the noun, with its space: " for {person}". */
  readonly cue: string;
}

interface PoolRow {
  /** Two rows of one family never stand together: a value could belong to either. */
  readonly family: string;
  readonly names: readonly string[];
  readonly about: string;
  readonly kind: ValueKind;
  readonly cues: readonly string[];
}

const row = (family: string, names: string, about: string, kind: ValueKind, ...cues: readonly string[]): PoolRow => ({
  family,
  names: names.split(" "),
  about,
  kind,
  cues,
});

const NAMED: readonly PoolRow[] = [
  row(
    "person",
    "person name owner user customer client",
    "(Name of the person|Who it is for)",
    PERSON,
    " for {}",
    " (of|for) {}",
  ),
  row("place", "city place location site", "(The place|Where it is)", PLACE, " in {}", " (at|in) {}"),
  row(
    "date",
    "date day on due_date start_date",
    "(The date|The day as the user gave it)",
    DATE,
    " on {}",
    " (for|on) {}",
  ),
  row("time", "time at hour start_time", "(The time|Time of day)", TIME, " at {}"),
  row(
    "text",
    "title label text subject",
    "(The title|What it is called)",
    TEXT,
    ' (called|titled) "{}"',
    ' (with the title|named) "{}"',
  ),
  row(
    "email",
    "email address recipient contact",
    "(The e-mail address|An e-mail address)",
    EMAIL,
    " (to|with address) {}",
    ", e-mail {}",
  ),
  row("path", "path file target_path output", "(A file path|Path of the file)", PATH, " (from|in|to) {}", ", file {}"),
  row(
    "list",
    "people members names reviewers",
    "(Names of people|Who takes part)",
    listOf(PERSON),
    " with {}",
    ", members {}",
  ),
  row("tags", "tags labels keywords", "(Tags|Words that mark it)", listOf(WORD), " (tagged|with tags) {}", ", tags {}"),
];

const SAID_BY_WORD: readonly PoolRow[] = [
  ...[
    "amount weight price length width height score rate depth speed radius volume cost".split(" "),
    "grade limit quantity size age floor rank port weeks days hours pages".split(" "),
    "offset delta balance shift correction".split(" "),
  ].flatMap((words, index) =>
    words.map((word) =>
      row(
        word,
        word,
        `(The ${word}|Its ${word})`,
        [AMOUNT, COUNT, SIGNED][index] ?? COUNT,
        ` with ${word} {}`,
        `, ${word} {}`,
        ` and ${word} {}`,
      ),
    ),
  ),
  ...Object.entries({
    priority: "low medium high urgent normal",
    color: "red green blue black white yellow grey",
    size_class: "small medium large tiny huge",
    format: "json csv pdf html text xml",
    mode: "fast slow safe manual automatic silent",
    level: "basic advanced expert beginner",
    status: "open closed pending active blocked",
    language: "english french german spanish italian norwegian",
  }).map(([word, words]) => {
    const said = word.replace("_", " ");
    return row(word, word, `(The ${said}|Which ${said})`, enumOf(words.split(" ")), ` with ${said} {}`, `, ${said} {}`);
  }),
  ...["code", "group", "category", "version_name", "region", "reason"].map((word) => {
    const said = word.replace("_", " ");
    return row(word, word, `(The ${said}|Its ${said})`, WORD, ` with ${said} {}`, `, ${said} {}`);
  }),
  ...["notify", "verbose", "recursive", "public_view", "backup_first", "dry_run"].map((word) => {
    const said = word.replace("_", " ");
    return row(
      word,
      word,
      `(Whether to ${said}|Turns on ${said})`,
      booleanOf(`with ${said}`, `without ${said}`),
      " {}",
      ", {}",
    );
  }),
];

/** A parameter that no language has a word for: only its name tells which value is meant. */
function inventedRow(draw: Draw): PoolRow {
  const word = inventWord(draw);
  if (draw.chance(0.15))
    return row(word, word, `(The ${word}|Its ${word})`, TEXT, ` with ${word} "{}"`, `, ${word} "{}"`);
  const kind = draw.pick([AMOUNT, COUNT, WORD, ID, integersFrom(0, 999)]);
  return row(word, word, `(The ${word}|Its ${word})`, kind, ` with ${word} {}`, `, ${word} {}`, ` and ${word} {}`);
}

const cued = ({ names, about, kind, cues }: PoolRow, key: string, draw: Draw, optional: boolean): CuedSlot => ({
  key,
  // One name for each tool, so that its cue can be said by it.
  names: [draw.pick(names)],
  about,
  kind,
  optional,
  cue: draw.pick(cues).replace("{}", `{${key}}`),
  ask: `What is the ${(names[0] ?? key).replaceAll("_", " ")}?`,
});

/** The slot that says which one is meant, by its id: " A-1042". */
export function idSlot(noun: string, draw: Draw): CuedSlot {
  const snake = noun.replaceAll(" ", "_");
  return {
    key: "id",
    names: [draw.pick([`${snake}_id`, "id", snake, `${snake}_number`])],
    about: `(Id of the ${noun}|The ${noun}'s id)`,
    kind: ID,
    cue: draw.pick([" {id}", " {id}", " with id {id}", " number {id}"]),
    ask: `What is the ${noun}'s id?`,
    reply: "({id}|It is {id})",
  };
}

export function drawSlots(count: number, draw: Draw): readonly CuedSlot[] {
  const rows = new Map<string, PoolRow>();
  while (rows.size < count) {
    const kind = draw.int(0, 9);
    const drawn = kind < 4 ? draw.pick(NAMED) : kind < 8 ? draw.pick(SAID_BY_WORD) : inventedRow(draw);
    rows.set(drawn.family, drawn);
  }
  return [...rows.values()].map((drawn, index) => cued(drawn, `s${index}`, draw, draw.chance(0.3)));
}
