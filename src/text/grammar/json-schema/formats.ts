/**
 * The formats of strings that can be enforced, as patterns. Each is a subset of what its specification
 * allows, without its rare spellings, so that validators of different strictness accept it.
 * Source: https://json-schema.org/draft/2020-12/json-schema-validation#section-7.3
 */

const MONTH_DAYS = [
  "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
  "(0[469]|11)-(0[1-9]|[12][0-9]|30)",
  "02-(0[1-9]|1[0-9]|2[0-8])",
].join("|");
/** Divisible by 4, and by 400 where by 100. */
const LEAP_YEAR = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)";
const DATE = `([0-9]{4}-(${MONTH_DAYS})|${LEAP_YEAR}-02-29)`;
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";

const LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const HOSTNAME = `${LABEL}(\\.${LABEL}){0,3}`;
const ATOM = "[a-zA-Z0-9_+%-]{1,32}";
const BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const IPV4 = `${BYTE}(\\.${BYTE}){3}`;
const GROUP = "[0-9a-fA-F]{1,4}";
/** All eight groups, or :: with groups on both sides of it that leave out at least one. */
const IPV6 = [
  `(${GROUP}:){7}${GROUP}`,
  ...[1, 2, 3, 4, 5, 6].map((left) => `(${GROUP}:){${left}}(:${GROUP}){1,${7 - left}}`),
  `(${GROUP}:){1,7}:`,
  `:(:${GROUP}){1,7}`,
  "::",
].join("|");
const PATH = "(/([a-zA-Z0-9._~!$&'()*+,;=:@-]|%[0-9a-fA-F]{2})*)*";
const QUERY = "([a-zA-Z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-fA-F]{2})*";
const AUTHORITY = `${HOSTNAME}(:[1-9][0-9]{0,3})?`;
const URI = `[a-z][a-z0-9+.-]{1,15}://${AUTHORITY}${PATH}(\\?${QUERY})?(#${QUERY})?`;
/** P, then years to days, then T with hours to seconds; at least one of them. */
const DURATION_DATE = "([0-9]{1,4}Y([0-9]{1,4}M([0-9]{1,4}D)?)?|[0-9]{1,4}M([0-9]{1,4}D)?|[0-9]{1,4}D)";
const DURATION_TIME = "T([0-9]{1,4}H([0-9]{1,4}M([0-9]{1,4}S)?)?|[0-9]{1,4}M([0-9]{1,4}S)?|[0-9]{1,4}S)";

const STRING_FORMATS = new Map<string, string | null>([
  ["date", DATE],
  ["time", TIME],
  ["date-time", `${DATE}T${TIME}`],
  ["duration", `P(${DURATION_DATE}(${DURATION_TIME})?|${DURATION_TIME}|[0-9]{1,4}W)`],
  ["email", `${ATOM}(\\.${ATOM}){0,3}@${LABEL}(\\.${LABEL}){1,3}`],
  ["hostname", HOSTNAME],
  ["ipv4", IPV4],
  ["ipv6", `(${IPV6})`],
  ["uuid", "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"],
  ["uri", URI],
  ["uri-reference", `(${URI}|/${PATH.slice(2, -2)}${PATH}(\\?${QUERY})?)`],
  ["json-pointer", "(/([^~/]|~[01])*)*"],
  ["byte", "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"],
  // They describe what the text is for, not its form.
  ["binary", null],
  ["password", null],
]);

/** The anchored pattern of a string format, null where any string has it. */
export function formatPattern(name: string): string | null {
  const pattern = STRING_FORMATS.get(name) ?? null;
  return pattern === null ? null : `^(${pattern})$`;
}

export interface NumberFormat {
  readonly isInteger: boolean;
  readonly min: number;
  readonly max: number;
}

/** OpenAPI's formats of numbers. What does not fit a double exactly ends where doubles are exact. */
export const NUMBER_FORMATS: ReadonlyMap<string, NumberFormat> = new Map([
  ["int8", { isInteger: true, min: -(2 ** 7), max: 2 ** 7 - 1 }],
  ["int16", { isInteger: true, min: -(2 ** 15), max: 2 ** 15 - 1 }],
  ["int32", { isInteger: true, min: -(2 ** 31), max: 2 ** 31 - 1 }],
  ["int64", { isInteger: true, min: -Infinity, max: Infinity }],
  ["uint8", { isInteger: true, min: 0, max: 2 ** 8 - 1 }],
  ["uint16", { isInteger: true, min: 0, max: 2 ** 16 - 1 }],
  ["uint32", { isInteger: true, min: 0, max: 2 ** 32 - 1 }],
  ["uint64", { isInteger: true, min: 0, max: Infinity }],
  ["float", { isInteger: false, min: -Infinity, max: Infinity }],
  ["double", { isInteger: false, min: -Infinity, max: Infinity }],
]);

/** Of strings and of numbers: no other can be enforced. */
export const FORMAT_NAMES: ReadonlySet<string> = new Set([...STRING_FORMATS.keys(), ...NUMBER_FORMATS.keys()]);
