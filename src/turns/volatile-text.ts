/**
 * Text that changes from request to request by its nature: dates, times, ids, counters. At the front of a
 * prompt it costs the whole cache.
 */

/** Longest text on either side of a place that is looked at; an ISO time with its zone has 35 characters. */
const REACH = 64;

const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*";

const VOLATILE: readonly RegExp[] = [
  // 2026-11-27, 2026-11-27T12:30:05.123Z, 27/11/2026
  /\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?/g,
  /\d{1,2}[/.]\d{1,2}[/.]\d{2,4}/g,
  // 27 Nov 2026, November 27, 2026
  new RegExp(`\\d{1,2} ${MONTH}(?: \\d{4})?|${MONTH} \\d{1,2}(?:,? \\d{4})?`, "g"),
  /(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day/g,
  // 9:05, 12:30:05
  /\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?/g,
  /[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/g,
  // Hexadecimal, of a digest or an address; seconds since 1970; counters.
  /\b(?:0x)?(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b/g,
  /\d{6,}/g,
  // A nonce: letters and digits without a word among them.
  /\b(?=[A-Za-z_-]*\d)(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{12,}/g,
  // A short one that says what it is: cch=a1b2c.
  /\b(?:cch|nonce|request[_-]?id|trace[_-]?id|session[_-]?id|uuid|timestamp)["']?\s*[=:]\s*["']?[\w-]+/gi,
];

/** Whether the texts, which differ from `at` on, both have something volatile of one kind there. */
export function isVolatileAt(left: string, right: string, at: number): boolean {
  return VOLATILE.some((pattern) => covers(pattern, left, at) && covers(pattern, right, at));
}

/** Whether a match begins at or before `at` and goes on behind it. */
function covers(pattern: RegExp, text: string, at: number): boolean {
  const from = Math.max(0, at - REACH);
  for (const match of text.slice(from, at + REACH).matchAll(pattern)) {
    const begin = from + match.index;
    if (begin <= at && begin + match[0].length > at) return true;
  }
  return false;
}

/** The first index at which the texts differ: the shorter length where one begins with the other. */
export function divergence(left: string, right: string): number {
  const end = Math.min(left.length, right.length);
  let at = 0;
  while (at < end && left.charCodeAt(at) === right.charCodeAt(at)) at += 1;
  return at;
}
