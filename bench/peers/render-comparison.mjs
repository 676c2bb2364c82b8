/** The report as text: medians by model and case, how Turnwise compares, beside what is aimed at, and every command. */

import { ENGINES } from "./engines.mjs";
import { targetOf } from "./kernel-targets.mjs";
import { table } from "./text-table.mjs";

const NAMES = ENGINES.map(({ name }) => name);
const HEAD = ["model", "case", ...NAMES, "x llama.cpp's best", "in f16", "x node-llama-cpp", "share of the limit"];

export function renderComparison({ identity, measurements }) {
  const titles = [...new Set(measurements.map(titleOf))];
  const rows = titles.map((title) => measurements.filter((one) => titleOf(one) === title));
  const spreads = rows.flatMap((row) => NAMES.map((engine) => spreadLine(row, engine)));
  const commands = new Map(measurements.map((one) => [`${titleOf(one)}, ${one.engine}`, one.command]));
  return [
    `${identity.cpu}, ${identity.threads} threads; ${versions(identity)}; tokens/s, medians (aims in brackets)`,
    "",
    ...table([HEAD, ...rows.map(renderRow)]),
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

/** Of the measurements of one model and case. */
function renderRow(row) {
  const [{ model, benchCase }] = row;
  const aims = targetOf(model, benchCase);
  const medians = NAMES.map((engine) => median(ratesOf(row, engine)));
  const [own, ownF16, faOff, faOn, node] = medians;
  const best = Math.max(...[faOff, faOn].filter((rate) => rate !== null));
  return [
    model.replace(/\.gguf$/, ""),
    benchCase,
    ...medians.map(showRate),
    showRatio(own, best, aims.ratio),
    showRatio(ownF16, best, aims.ratioF16),
    showRatio(own, node, aims.nodeRatio),
    showShare(row, aims.share),
  ];
}

const titleOf = ({ model, benchCase }) => `${model} ${benchCase}`;

const ratesOf = (row, engine) => valuesOf(row, engine, "tokensPerSecond");

const valuesOf = (row, engine, key) => row.filter((one) => one.engine === engine).map((one) => one[key]);

function median(values) {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor(values.length / 2)] + sorted[Math.ceil(values.length / 2) - 1]) / 2;
}

const showRate = (rate) => (rate === null ? "-" : rate.toPrecision(4));

const besideAim = (text, aim) => (aim === undefined ? text : `${text} (${aim})`);

function showRatio(own, other, aim) {
  if (own === null || other === null || !Number.isFinite(other)) return "-";
  return besideAim((own / other).toFixed(2), aim);
}

/** The larger is of the limit that binds. */
function showShare(row, aim) {
  const shares = ["bandwidthShare", "int8Share"].map((key) =>
    median(valuesOf(row, "turnwise", key).filter((share) => share !== null && share !== undefined)),
  );
  const [bandwidth, int8] = shares;
  if (bandwidth === null) return "-";
  const [share, limit] = int8 !== null && int8 > bandwidth ? [int8, "int8"] : [bandwidth, "bandwidth"];
  return besideAim(`${(share * 100).toFixed(0)} % of ${limit}`, aim === undefined ? undefined : `${aim * 100} %`);
}

function spreadLine(row, engine) {
  const rates = ratesOf(row, engine);
  if (rates.length === 0) return null;
  const spread = `${showRate(Math.min(...rates))} to ${showRate(Math.max(...rates))} (${rates.length})`;
  return `  ${titleOf(row[0])}, ${engine}: ${spread}`;
}
