/** The range of an option whose value the engine takes. */

interface Range {
  readonly min: number;
  readonly max: number;
}

export function rangeOf({ min, max }: Range): Range {
  return { min, max };
}
