/** Which cases a model's context has room for. */

import { openFileSource } from "../formats/file-source.ts";
import { openModel } from "../models/open-model.ts";
import { type BenchCase, contextOf } from "./bench-case.ts";

export interface FittingCases {
  readonly fitting: readonly BenchCase[];
  /** Why the others were left out, a line each. */
  readonly remarks: readonly string[];
}

/** Reads the model's header. */
export function fittingCases(model: string, cases: readonly BenchCase[]): FittingCases {
  const source = openModel(model, openFileSource);
  const { contextTokens } = source.spec();
  source.dispose();
  const tooLong = cases.filter((benchCase) => contextOf(benchCase) > contextTokens);
  return {
    fitting: cases.filter((benchCase) => !tooLong.includes(benchCase)),
    remarks: tooLong.map(
      (benchCase) =>
        `${benchCase.name} is left out: it needs a context of ${contextOf(benchCase)} tokens, this model has ${contextTokens}`,
    ),
  };
}
