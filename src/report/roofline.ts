/**
 * A roofline plot (Williams et al., 2009) as a self-contained SVG: the machine's limits as a roof over
 * operations for each byte read, and what was reached as points below it.
 */

import { type LogScale, logScale } from "./log-scale.ts";
import { element, textElement } from "./svg.ts";

export interface RooflinePoint {
  readonly name: string;
  /** Operations for each byte that comes from memory. */
  readonly intensity: number;
  readonly operationsPerSecond: number;
  /** Beside the name: "182 tokens/s, 71 %". */
  readonly remark: string;
}

export interface Roofline {
  readonly title: string;
  readonly subtitle: string;
  readonly bytesPerSecond: number;
  readonly operationsPerSecond: number;
  readonly points: readonly RooflinePoint[];
}

const WIDTH = 860;
const HEIGHT = 520;
const PLOT = { left: 74, right: WIDTH - 24, top: 78, bottom: HEIGHT - 56 } as const;
const LABEL_HEIGHT = 16;

/** Colours for light and dark pages; texts keep a contrast of 4.5 to their ground. */
const STYLE = `
.ground{fill:#fff}.grid{stroke:#e3e6ea}.axis{stroke:#5b6470}.roof{stroke:#b3261e;fill:none;stroke-width:2}
.stem{stroke:#9aa3ad;stroke-dasharray:2 3}.point{fill:#0b57d0}.leader{stroke:#0b57d0;stroke-width:.8}
text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-size:16px;font-weight:600}.small{font-size:12px;fill:#57606a}
.limit{font-size:12px;fill:#b3261e}
@media (prefers-color-scheme:dark){.ground{fill:#0d1117}.grid{stroke:#262c34}.axis{stroke:#8b949e}.roof{stroke:#ff8a80}
.point{fill:#8ab4f8}.leader{stroke:#8ab4f8}text{fill:#e6edf3}.small{fill:#9da7b1}.limit{fill:#ff8a80}}`;

export function rooflineSvg(roofline: Roofline): string {
  const { title, subtitle, bytesPerSecond, operationsPerSecond, points } = roofline;
  const ridge = operationsPerSecond / bytesPerSecond;
  const intensities = points.map(({ intensity }) => intensity);
  const x = logScale([...intensities, ridge / 4, ridge * 8], PLOT.left, PLOT.right);
  const lowest = Math.min(...points.map((point) => point.operationsPerSecond), x.low * bytesPerSecond);
  const y = logScale([lowest, operationsPerSecond], PLOT.bottom, PLOT.top);
  const parts = [
    element("style", {}, STYLE),
    element("rect", { class: "ground", width: WIDTH, height: HEIGHT }),
    textElement("text", { class: "title", x: PLOT.left, y: 28 }, title),
    textElement("text", { class: "small", x: PLOT.left, y: 48 }, subtitle),
    ...axes(x, y),
    ...roof(roofline, ridge, x, y),
    ...points.map((point) => stem(point, roofline, x, y)),
    ...labels(points, x, y),
  ];
  const size = { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT };
  return `${element("svg", { ...size, role: "img" }, [textElement("title", {}, title), ...parts].join("\n"))}\n`;
}

function axes(x: LogScale, y: LogScale): readonly string[] {
  const { left, right, top, bottom } = PLOT;
  const vertical = x.ticks.flatMap((tick) => [
    line("grid", x.pixel(tick), top, x.pixel(tick), bottom),
    textElement("text", { class: "small", x: x.pixel(tick), y: bottom + 18, "text-anchor": "middle" }, String(tick)),
  ]);
  const horizontal = y.ticks.flatMap((tick) => [
    line("grid", left, y.pixel(tick), right, y.pixel(tick)),
    textElement(
      "text",
      { class: "small", x: left - 8, y: y.pixel(tick) + 4, "text-anchor": "end" },
      String(tick / 1e9),
    ),
  ]);
  return [
    ...vertical,
    ...horizontal,
    line("axis", left, bottom, right, bottom),
    line("axis", left, top, left, bottom),
    textElement(
      "text",
      { x: (left + right) / 2, y: bottom + 40, "text-anchor": "middle" },
      "operations for each byte read",
    ),
    textElement("text", { x: left, y: top - 8 }, "G operations/s"),
  ];
}

function roof(
  { bytesPerSecond, operationsPerSecond }: Roofline,
  ridge: number,
  x: LogScale,
  y: LogScale,
): readonly string[] {
  const begin = Math.max(x.low, y.low / bytesPerSecond);
  const peakY = y.pixel(operationsPerSecond);
  const corners = [
    [x.pixel(begin), y.pixel(begin * bytesPerSecond)],
    [x.pixel(ridge), peakY],
    [PLOT.right, peakY],
  ];
  const slope = { x: x.pixel(ridge) - 8, y: peakY + 4, "text-anchor": "end", class: "limit" };
  return [
    element("polyline", {
      class: "roof",
      points: corners.map((corner) => corner.map((value) => value?.toFixed(1)).join(",")).join(" "),
    }),
    textElement(
      "text",
      { class: "limit", x: PLOT.right, y: peakY - 8, "text-anchor": "end" },
      `int8 loop, ${giga(operationsPerSecond)} G operations/s`,
    ),
    textElement("text", slope, `read bandwidth, ${giga(bytesPerSecond)} GB/s`),
  ];
}

const giga = (value: number): string => String(Number((value / 1e9).toPrecision(3)));

/** From a point up to the roof: its length is what is missing. */
function stem(
  point: RooflinePoint,
  { bytesPerSecond, operationsPerSecond }: Roofline,
  x: LogScale,
  y: LogScale,
): string {
  const limit = Math.min(operationsPerSecond, point.intensity * bytesPerSecond);
  const at = x.pixel(point.intensity);
  return line("stem", at, y.pixel(point.operationsPerSecond), at, y.pixel(limit));
}

/** Labels beside their points, moved apart where they would cover each other, with a leader then. */
function labels(points: readonly RooflinePoint[], x: LogScale, y: LogScale): readonly string[] {
  const parts: string[] = [];
  const taken: { left: number; right: number; y: number }[] = [];
  for (const point of points.toSorted((a, b) => b.operationsPerSecond - a.operationsPerSecond)) {
    const text = `${point.name}: ${point.remark}`;
    const px = x.pixel(point.intensity);
    const py = y.pixel(point.operationsPerSecond);
    // About 6.4 pixels a character at this size.
    const width = text.length * 6.4;
    const onLeft = px + 14 + width > PLOT.right;
    const left = onLeft ? px - 14 - width : px + 14;
    let labelY = py;
    const overlaps = (): boolean =>
      taken.some(
        (other) => Math.abs(other.y - labelY) < LABEL_HEIGHT && left < other.right && other.left < left + width,
      );
    while (overlaps()) labelY += 4;
    taken.push({ left, right: left + width, y: labelY });
    const edge = onLeft ? px - 12 : px + 12;
    if (labelY !== py) parts.push(line("leader", px, py, edge, labelY));
    parts.push(element("circle", { class: "point", cx: px, cy: py, r: 5 }));
    const anchor = onLeft ? "end" : "start";
    parts.push(textElement("text", { x: onLeft ? px - 14 : px + 14, y: labelY + 4, "text-anchor": anchor }, text));
  }
  return parts;
}

const line = (name: string, x1: number, y1: number, x2: number, y2: number): string =>
  element("line", { class: name, x1, y1, x2, y2 });
