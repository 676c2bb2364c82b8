/** Parts of a page that a command writes: what stands between `<!-- NAME -->` and `<!-- /NAME -->`. */

import { readFileSync, writeFileSync } from "node:fs";

/** Throws where the page has no such part. */
export function putBetween(path, name, text) {
  const page = readFileSync(path, "utf8");
  const opening = `<!-- ${name} -->`;
  const [begin, end] = [page.indexOf(opening), page.indexOf(`<!-- /${name} -->`)];
  if (begin < 0 || end < begin) throw new Error(`${path} lacks ${opening} and its end`);
  writeFileSync(path, `${page.slice(0, begin)}${opening}\n${text}\n${page.slice(end)}`);
}
