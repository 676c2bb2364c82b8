/** The report as text: medians by case, how Turnwise compares, and every command. */

import { ENGINES } from "./engines.mjs";
import { table } from "./text-table.mjs";

export function renderComparison({ identity, measurements }) {
  const names = ENGINES.map(({ name }) => name);
  const cases = [...new Set(measurements.map(({ benchCase }) => benchCase))];
  const rows = cases.map((benchCase) => {
    const medians = names.map((engine) => median(ratesOf(measurements, benchCase, engine)));
    const [own, faOff, faOn, node] = medians;
    const best = Math.max(...[faOff, faOn].filter((rate) => rate !== null));
    return [benchCase, ...medians.map(showRate), showRatio(own, best), showRatio(own, node)];
  });
  const head = ["case", ...names, "x llama.cpp's best", "x node-llama-cpp"];
  const spreads = cases.flatMap((benchCase) => names.map((engine) => spreadLine(measurements, benchCase, engine)));
  const commands = new Map(measurements.map(({ benchCase, engine, command }) => [`${benchCase}, ${engine}`, command]));
  return [
    `${identity.cpu}, ${identity.threads} threads, ${identity.model}; ${versions(identity)}; tokens/s, medians`,
    "",
    ...table([head, ...rows]),
    "",
    "smallest and largest of each:",
    ...spreads.filter((line) => line !== null),
    "",
    "commands:",
    ...[...commands].map(([what, command]) => `  ${what}: ${command}`),
  ].join("\n");
}

/** What was measured. */
export const versions = (identity) =>
  `turnwise ${identity.turnwise} (program ${identity.program}, native core ${identity["native core"]}), ` +
  `llama.cpp ${identity["llama.cpp"]}`;

const ratesOf = (measurements, benchCase, engine) =>
  measurements.filter((one) => one.benchCase === benchCase && one.engine === engine).map((one) => one.tokensPerSecond);

function median(rates) {
  if (rates.length === 0) return null;
  const sorted = rates.toSorted((a, b) => a - b);
  return (sorted[Math.floor(rates.length / 2)] + sorted[Math.ceil(rates.length / 2) - 1]) / 2;
}

const showRate = (rate) => (rate === null ? "-" : rate.toPrecision(4));

function showRatio(own, other) {
  return own === null || other === null || !Number.isFinite(other) ? "-" : (own / other).toFixed(2);
}

function spreadLine(measurements, benchCase, engine) {
  const rates = ratesOf(measurements, benchCase, engine);
  if (rates.length === 0) return null;
  return `  ${benchCase}, ${engine}: ${showRate(Math.min(...rates))} to ${showRate(Math.max(...rates))} (${rates.length})`;
}
