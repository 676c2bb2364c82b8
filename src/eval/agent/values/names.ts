/** Names that nobody has and texts that nobody wrote, built from syllables and word lists. */

import type { Draw } from "../draw.ts";
import { SPLICED_SHARE, spliceWord } from "./splice.ts";

const ONSETS = "b c d f g h j k l m n p r s t v w z br ch cl dr fl gr kr pl pr sh sk sl st th tr".split(" ");
const VOWELS = "a e i o u a e i o ai ea io ou".split(" ");
const CODAS = " n r l s t k m d nd rt st lm x".split(" ");
const SECTIONS = "ville ton berg field port stad mouth bury heim ford".split(" ");
const SURNAME_ENDS = "son sen ez man ski berg er ova ini ley".split(" ");

const CITIES =
  "Oslo Bergen Paris Berlin Madrid Lisbon Rome Vienna Prague Athens Dublin Cairo Lima Quito Tokyo Kyoto Seoul Delhi Mumbai Hanoi Bangkok Sydney Toronto Chicago Boston Denver Seattle Helsinki Warsaw Zurich Geneva Porto Turin Malmo".split(
    " ",
  );
const FIRST_NAMES =
  "Anna Marta Omar Lena Ivan Sara Tom Nina Paul Mia Leo Eva Max Ida Noah Emma Ali Rosa Hugo Vera Karl Zoe Amir Lucy Ben Clara Felix Julia Peter Maria".split(
    " ",
  );

const ADJECTIVES =
  "red blue green small large old new quick quiet weekly monthly final early late spare winter summer northern broken main second shared open sealed double short long plain bright".split(
    " ",
  );
const THINGS =
  "door window garden budget report meeting bicycle kitchen contract lamp ladder ticket engine bottle carpet mirror basket bridge letter printer battery heater cable pencil folder harbour market station river tower wall boat oven train coat camera tent wheel".split(
    " ",
  );
const TASKS = "call check clean order fix paint review send pack water collect renew return visit move sort".split(" ");
const PEOPLE = "plumber landlord teacher doctor neighbour manager mechanic tenant librarian".split(" ");

/** An invented word of lower-case letters; of `syllables` or drawn. */
export function inventWord(draw: Draw, syllables = draw.int(2, 3)): string {
  const isSpliced = draw.split === "training" && draw.chance(SPLICED_SHARE);
  return draw.fresh(
    () => {
      if (isSpliced) return spliceWord(draw, syllables);
      let word = "";
      for (let count = 0; count < syllables; count += 1) word += draw.pick(ONSETS) + draw.pick(VOWELS);
      return word + draw.pick(CODAS);
    },
    (word) => word,
  );
}

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const fresh = (draw: Draw, make: () => string): string => draw.fresh(make, (text) => text);

export function personName(draw: Draw): string {
  return fresh(draw, () => {
    const first = draw.chance(0.5) ? draw.pick(FIRST_NAMES) : capitalised(inventWord(draw, 2));
    return draw.chance(0.4)
      ? first
      : `${first} ${capitalised(inventWord(draw, draw.int(1, 2)) + draw.pick(SURNAME_ENDS))}`;
  });
}

export function placeName(draw: Draw): string {
  return fresh(draw, () => {
    if (draw.chance(0.4)) return draw.pick(CITIES);
    const name = capitalised(inventWord(draw, draw.int(1, 2)) + (draw.chance(0.5) ? draw.pick(SECTIONS) : ""));
    return draw.chance(0.12) ? `${draw.pick(["New", "San", "Port", "Lake"])} ${name}` : name;
  });
}

/** A phrase without capitals that begins with no function word: a title, a task, a search. */
export function shortText(draw: Draw): string {
  return fresh(draw, () => {
    const thing = (): string => (draw.chance(0.25) ? inventWord(draw) : draw.pick(THINGS));
    switch (draw.int(0, 5)) {
      case 0:
        return `${draw.pick(ADJECTIVES)} ${thing()}`;
      case 1:
        return `${draw.pick(TASKS)} the ${thing()}`;
      case 2:
        return `${draw.pick(TASKS)} the ${draw.pick(PEOPLE)} about the ${thing()}`;
      case 3:
        return `${thing()} ${thing()}`;
      case 4:
        return `${draw.pick(TASKS)} the ${draw.pick(ADJECTIVES)} ${thing()}`;
      default:
        return `${thing()} with ${personName(draw)}`;
    }
  });
}

export const productName = (draw: Draw): string =>
  fresh(draw, () => (draw.chance(0.5) ? `${draw.pick(ADJECTIVES)} ${draw.pick(THINGS)}` : draw.pick(THINGS)));

const EXTENSIONS = "txt md csv json log pdf yaml ts py".split(" ");
const FOLDERS = "docs src data notes reports logs archive drafts team config".split(" ");

export function fileName(draw: Draw): string {
  return fresh(draw, () => {
    const stem = draw.chance(0.5) ? draw.pick(THINGS) : inventWord(draw);
    const tail = draw.chance(0.3) ? `-${draw.int(1, 99)}` : draw.chance(0.3) ? `_${draw.pick(ADJECTIVES)}` : "";
    return `${stem}${tail}.${draw.pick(EXTENSIONS)}`;
  });
}

export function filePath(draw: Draw): string {
  const folders = Array.from({ length: draw.int(0, 2) }, () =>
    draw.chance(0.7) ? draw.pick(FOLDERS) : inventWord(draw),
  );
  return `${draw.chance(0.2) ? "/" : ""}${[...folders, fileName(draw)].join("/")}`;
}

export const emailAddress = (draw: Draw): string =>
  fresh(
    draw,
    () =>
      `${draw.pick(FIRST_NAMES).toLowerCase()}${draw.chance(0.5) ? `.${inventWord(draw, 2)}` : String(draw.int(1, 99))}@${inventWord(draw, 2)}.${draw.pick(["org", "com", "net", "io"])}`,
  );

const LETTERS = "A B C D E F G H K L M N P R S T U V W X".split(" ");

/** Such as A-1042, INV-20931, k7f3q. */
export function idText(draw: Draw): string {
  const letter = (): string => draw.pick(LETTERS);
  return fresh(draw, () => {
    switch (draw.int(0, 3)) {
      case 0:
        return `${letter()}-${draw.int(100, 99_999)}`;
      case 1:
        return `${letter()}${letter()}${letter()}-${draw.int(100, 9999)}`;
      case 2:
        return `${letter()}${letter()}${draw.int(1000, 99_999)}`;
      default:
        return `${letter().toLowerCase()}${draw.int(1, 9)}${letter().toLowerCase()}${draw.int(10, 99)}${letter().toLowerCase()}`;
    }
  });
}
