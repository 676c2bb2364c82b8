/** Fields of a request that were accepted and not used, as an answer lists them in which nothing was generated. */

/** Absent where nothing was ignored: the answer is then exactly that of the API it follows. */
export function ignoredField(ignored: readonly string[]): {
  readonly turnwise?: { readonly ignored: readonly string[] };
} {
  return ignored.length === 0 ? {} : { turnwise: { ignored } };
}
