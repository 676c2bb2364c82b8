/** Words of the language that occur in held-out tools alone. */

import { type Verb, verb } from "./verb.ts";

export const HELD_OUT_VERBS: readonly Verb[] = [
  verb("publish", "status", "published"),
  verb("merge", "created", "merged"),
  verb("translate", "created", "translated"),
  verb("pause", "status", "paused"),
  verb("compress", "created", "compressed"),
  verb("validate", "value", "validated"),
  verb("subscribe", "status", "subscribed"),
  verb("inflate", "status", "inflated"),
  verb("rotate", "status", "rotated"),
];

export const HELD_OUT_NOUNS = `appointment scholarship greenhouse elevator ferry campaign podcast firewall chessboard
  subscription auction tournament clinic prescription vaccine harvest orchard quarry glacier harbor lighthouse
  sculpture orchestra violin telescope microscope furnace conveyor escalator helicopter submarine caravan village
  district embassy treaty petition festival parade banquet brewery bakery pharmacy laundry aquarium volcano meteor
  lantern compass anchor kayak saddle trophy medal puzzle riddle manuscript`.split(/\s+/);

export const HELD_OUT_WORDS: ReadonlySet<string> = new Set([
  ...HELD_OUT_NOUNS,
  ...HELD_OUT_VERBS.flatMap(({ words }) => words),
]);
