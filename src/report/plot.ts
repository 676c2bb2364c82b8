/**
 * One plot as SVG text that needs nothing else: lines and points over linear or logarithmic axes, a legend,
 * and colours that follow the reader's light or dark setting.
 */

import { type Axis, type PlacedAxis, placeAxis } from "./axis.ts";
import { escapeText } from "./escape-text.ts";

export interface Series {
  readonly label: string;
  readonly mark: "line" | "points";
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  /** At most as many as there are colours. */
  readonly series: readonly Series[];
}

/** Told apart by people who see few colours (Okabe and Ito 2008), on white and on black. */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = { left: 64, right: 16, top: 52, bottom: 48 };
const LEGEND_Y = 38;
const LEGEND_GAP = 16;
/** About, of the 12 px font. */
const CHARACTER_WIDTH = 7;

const STYLE =
  "svg{font:12px system-ui,sans-serif;fill:#222;background:#fff}.grid{stroke:#ddd}.axis{stroke:#222}" +
  "@media(prefers-color-scheme:dark){svg{fill:#ddd;background:#161616}.grid{stroke:#333}.axis{stroke:#ddd}}";

export function renderPlot({ title, x, y, series }: Plot): string {
  const width = WIDTH - MARGIN.left - MARGIN.right;
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  const points = series.flatMap((one) => one.points);
  const across = placeAxis(
    x,
    points.map(([value]) => value),
    width,
  );
  const up = placeAxis(
    y,
    points.map(([, value]) => value),
    height,
  );
  const parts = [
    `<text x="${MARGIN.left}" y="20" font-weight="600">${escapeText(title)}</text>`,
    `<g transform="translate(${MARGIN.left},${MARGIN.top})">`,
    ...across.ticks.map(({ at, text }) => verticalTick(at, text, height)),
    ...up.ticks.map(({ at, text }) => horizontalTick(height - at, text, width)),
    `<path class="axis" fill="none" d="M0 0V${height}H${width}"/>`,
    `<text x="${width / 2}" y="${height + 38}" text-anchor="middle">${escapeText(x.label)}</text>`,
    `<text transform="translate(-48,${height / 2}) rotate(-90)" text-anchor="middle">${escapeText(y.label)}</text>`,
    ...series.map((one, index) => renderSeries(one, colourOf(index), across, up, height)),
    "</g>",
    legend(series),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" ` +
    `aria-label="${escapeText(title)}"><style>${STYLE}</style>${parts.join("")}</svg>`
  );
}

const colourOf = (index: number): string => COLOURS[index % COLOURS.length] ?? "#000";

const px = (value: number): string => value.toFixed(1);

function verticalTick(x: number, text: string, height: number): string {
  return (
    `<path class="grid" d="M${px(x)} 0V${height}"/>` +
    `<text x="${px(x)}" y="${height + 18}" text-anchor="middle">${escapeText(text)}</text>`
  );
}

function horizontalTick(y: number, text: string, width: number): string {
  return (
    `<path class="grid" d="M0 ${px(y)}H${width}"/>` +
    `<text x="-8" y="${px(y + 4)}" text-anchor="end">${escapeText(text)}</text>`
  );
}

/** The series' names in one row under the title, from the right. */
function legend(series: readonly Series[]): string {
  let right = WIDTH - MARGIN.right;
  const entries = series.map(({ label }, index) => {
    const width = label.length * CHARACTER_WIDTH + LEGEND_GAP;
    return { label, colour: colourOf(index), width };
  });
  return entries
    .toReversed()
    .map(({ label, colour, width }) => {
      const square = right - width;
      const entry =
        `<text x="${right}" y="${LEGEND_Y}" text-anchor="end">${escapeText(label)}</text>` +
        `<rect x="${square}" y="${LEGEND_Y - 9}" width="10" height="10" fill="${colour}"/>`;
      right = square - LEGEND_GAP;
      return entry;
    })
    .join("");
}

function renderSeries({ mark, points }: Series, colour: string, x: PlacedAxis, y: PlacedAxis, height: number): string {
  const placed = points
    .map(([across, up]) => [x.place(across), height - y.place(up)] as const)
    .filter(([across, up]) => Number.isFinite(across) && Number.isFinite(up));
  if (mark === "points") {
    return placed.map(([cx, cy]) => `<circle cx="${px(cx)}" cy="${px(cy)}" r="4" fill="${colour}"/>`).join("");
  }
  const path = placed.map(([cx, cy], index) => `${index === 0 ? "M" : "L"}${px(cx)} ${px(cy)}`).join("");
  return `<path fill="none" stroke="${colour}" stroke-width="2" d="${path}"/>`;
}
