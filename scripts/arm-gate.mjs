/**
 * What `npm run arm:model` holds modelled rates to: their targets, and a record of what they were. Rates are by kernel
 * and CPU, in the kernel's unit; more is better.
 */

import { ARM_KERNELS, cpusOf } from "./arm-kernels.mjs";

/** A loop may lose this share of its recorded rate before the command fails. */
const ALLOWED_LOSS = 0.1;

/** What a kernel is to reach on a CPU of its level; undefined where nothing is set. */
export const targetOf = ({ target }, { targetShare }) => (target === undefined ? undefined : target * targetShare);

export const isBelowTarget = (kernel, cpu, rate) => rate < (targetOf(kernel, cpu) ?? 0);

/** A line for each target that is missed, but for those that are known to be: their record holds them. */
export function missedTargets(rates) {
  return eachLoop(rates, (kernel, cpu, rate) =>
    !kernel.isKnownBelow && isBelowTarget(kernel, cpu, rate)
      ? `${rate}, the target is ${targetOf(kernel, cpu)} ${kernel.unit}`
      : null,
  );
}

/** A line for each loop that is slower than its record allows, or has none. */
export function losses(rates, record) {
  return eachLoop(rates, ({ name }, { cpu }, rate) => {
    const before = record.rates[name]?.[cpu];
    if (before === undefined) return "there is no record: run with --write";
    return rate < before * (1 - ALLOWED_LOSS) ? `${rate}, recorded ${before}` : null;
  });
}

/** Tools whose figures are not comparable with the record's, a line each: another compiler emits other loops. */
export function otherTools(tools, record) {
  return Object.entries(tools).flatMap(([name, version]) =>
    record[name] === version ? [] : [`the record is of the ${name} ${record[name] ?? "unknown"}, this is ${version}`],
  );
}

/** "loop on cpu: problem" for all that `problemOf` does not answer with null. */
function eachLoop(rates, problemOf) {
  return ARM_KERNELS.flatMap((kernel) =>
    cpusOf(kernel).flatMap((cpu) => {
      const problem = problemOf(kernel, cpu, rates[kernel.name][cpu.cpu]);
      return problem === null ? [] : [`${kernel.name} on ${cpu.cpu}: ${problem}`];
    }),
  );
}
