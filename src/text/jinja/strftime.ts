/**
 * The part of C's strftime that chat templates use, in the C locale and local time, whatever the
 * locale of the machine.
 * Source: https://docs.python.org/3/library/datetime.html#format-codes
 */

import { at } from "../../base/invariant.ts";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;
const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

/** By letter; a number with its width, which "-" before the letter takes away. */
const FIELDS: Readonly<Record<string, (date: Date) => string | readonly [value: number, width: number]>> = {
  Y: (date) => [date.getFullYear(), 4],
  y: (date) => [date.getFullYear() % 100, 2],
  m: (date) => [date.getMonth() + 1, 2],
  d: (date) => [date.getDate(), 2],
  H: (date) => [date.getHours(), 2],
  I: (date) => [date.getHours() % 12 || 12, 2],
  M: (date) => [date.getMinutes(), 2],
  S: (date) => [date.getSeconds(), 2],
  j: (date) => [dayOfYear(date), 3],
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  B: (date) => at(MONTHS, date.getMonth()),
  b: (date) => at(MONTHS, date.getMonth()).slice(0, 3),
  A: (date) => at(DAYS, date.getDay()),
  a: (date) => at(DAYS, date.getDay()).slice(0, 3),
  F: (date) => strftime(date, "%Y-%m-%d"),
  T: (date) => strftime(date, "%H:%M:%S"),
  "%": () => "%",
};

/** Codes that are not known stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([A-Za-z%])/g, (code, bare: string, letter: string) => {
    const field = Object.hasOwn(FIELDS, letter) ? FIELDS[letter]?.(date) : undefined;
    if (field === undefined) return code;
    if (typeof field === "string") return field;
    const [value, width] = field;
    return bare === "" ? String(value).padStart(width, "0") : String(value);
  });
}

function dayOfYear(date: Date): number {
  const utc = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((utc - Date.UTC(date.getFullYear(), 0, 0)) / 86_400_000);
}
