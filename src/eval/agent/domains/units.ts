/** Units by what they measure, and how to go from one to another. */

import type { Draw } from "../draw.ts";

/** How many of the dimension's first unit one of each is. */
const DIMENSIONS: readonly Readonly<Record<string, number>>[] = [
  {
    meters: 1,
    feet: 0.3048,
    miles: 1609.344,
    kilometers: 1000,
    km: 1000,
    inches: 0.0254,
    yards: 0.9144,
    cm: 0.01,
    mm: 0.001,
  },
  {
    kilograms: 1,
    kg: 1,
    pounds: 0.45359237,
    lb: 0.45359237,
    ounces: 0.028349523,
    grams: 0.001,
    tons: 1000,
    stones: 6.35029318,
  },
  { liters: 1, gallons: 3.785411784, pints: 0.473176473, cups: 0.236588236, ml: 0.001 },
];

export const DEGREES = ["celsius", "fahrenheit", "kelvin"];

/** Two different units of one of the dimensions. */
export function drawUnits(draw: Draw, dimensions = DIMENSIONS.length): readonly [string, string] {
  const units = Object.entries(DIMENSIONS[draw.int(0, dimensions - 1)] ?? {});
  const [one, other] = draw.shuffled(units.map(([name]) => name));
  return [one ?? "", other ?? ""];
}

/** Rounded to four digits behind the point; units of different dimensions are taken as they come. */
export function convert(value: number, from: string, to: string): number {
  if (DEGREES.includes(from)) return rounded(fromKelvin(toKelvin(value, from), to));
  return rounded((value * factorOf(from)) / factorOf(to));
}

const rounded = (value: number): number => Number(value.toFixed(4));

function factorOf(unit: string): number {
  return DIMENSIONS.find((dimension) => unit in dimension)?.[unit] ?? 1;
}

function toKelvin(value: number, unit: string): number {
  if (unit === "celsius") return value + 273.15;
  return unit === "fahrenheit" ? ((value - 32) * 5) / 9 + 273.15 : value;
}

function fromKelvin(kelvin: number, unit: string): number {
  if (unit === "celsius") return kelvin - 273.15;
  return unit === "fahrenheit" ? ((kelvin - 273.15) * 9) / 5 + 32 : kelvin;
}
