/** Which ISA level the kernels run at: TURNWISE_ISA, or the best that binary and CPU share. */

import type { Environment } from "../base/environment.ts";
import { fail } from "../base/errors.ts";
import type { Addon } from "./addon-types.ts";

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

/** How a level of this binary wants weights packed, also one that this CPU lacks. Throws `invalid_option`. */
export function weightLayoutOf({ weightLayouts }: Pick<Addon, "weightLayouts">, isa: string): string {
  const found = weightLayouts.find((level) => level.isa === isa);
  if (found !== undefined) return found.layout;
  const known = weightLayouts.map((level) => level.isa).join(", ");
  return fail("invalid_option", { option: "isa", problem: `${isa} is no level of this build, which has ${known}` });
}

/** The best level that runs here and packs as `isa` wants it. Throws `invalid_option`. */
export function isaThatPacksFor(addon: Pick<Addon, "weightLayouts" | "cpuInfo">, isa: string): string {
  const layout = weightLayoutOf(addon, isa);
  const available = addon.cpuInfo().isaLevels;
  const packer = available.findLast((level) => weightLayoutOf(addon, level) === layout);
  return packer ?? fail("invalid_option", { option: "isa", problem: `nothing here packs in the layout of ${isa}` });
}
