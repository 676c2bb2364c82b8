/** Which ISA level the kernels run at: TURNWISE_ISA, or the best that binary and CPU share. */

import type { Environment } from "../base/environment.ts";
import { fail } from "../base/errors.ts";

/**
 * `requested` (a setting of the program) wins over TURNWISE_ISA, which wins over the best of
 * `available`, ordered best last. Throws `isa_unsupported`.
 */
export function chooseIsa(
  available: readonly string[],
  requested: string | undefined,
  environment: Environment = process.env,
): string {
  const fromEnvironment = environment["TURNWISE_ISA"] === "" ? undefined : environment["TURNWISE_ISA"];
  const isa = requested ?? fromEnvironment ?? available.at(-1) ?? "scalar";
  if (!available.includes(isa)) fail("isa_unsupported", { isa, available: available.join(", ") });
  return isa;
}
