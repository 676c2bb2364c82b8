/** Checked arithmetic on sizes, and sizes as people read them. */

import { invariant } from "./invariant.ts";

/** `value` rounded up to a multiple of `alignment` (a power of two is not needed). */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** The product, or null where it leaves the safe integers. */
export function checkedProduct(...factors: readonly number[]): number | null {
  let product = 1;
  for (const factor of factors) {
    product *= factor;
    if (!Number.isSafeInteger(product)) return null;
  }
  return product;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** 1,234,567 -> "1.18 MiB". */
export function formatBytes(bytes: number): string {
  invariant(bytes >= 0, "a size is not negative");
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  // Three digits of 1,020 would be written 1.02e+3.
  const digits = unit === 0 || value >= 999.5 ? value.toFixed(0) : value.toPrecision(3);
  return `${digits} ${UNITS[unit] ?? "B"}`;
}
