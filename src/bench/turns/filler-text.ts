/**
 * Text of a wanted number of tokens for traces that have counts and no text. The words are among the most
 * frequent of English, which nearly every vocabulary holds as one token with their space; what a server
 * really counted is in the report. The same key gives the same text, and another key another one.
 */

import { createRandom } from "../../base/random.ts";

const WORDS =
  "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were her all she there would their we him been has when who will more no if out so said what up its about into than them can only other new some could time these two may then do first any my now such like our over man me even most made after also did many before must through".split(
    " ",
  );

export function fillerText(tokens: number, key: string): string {
  const random = createRandom(key);
  let text = "";
  for (let index = 0; index < tokens; index += 1) {
    text += `${index === 0 ? "" : " "}${WORDS[Math.floor(random() * WORDS.length)] ?? "the"}`;
  }
  return text;
}
