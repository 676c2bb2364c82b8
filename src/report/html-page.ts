/** A page of HTML that is one file: it loads nothing, and runs no script. */

import { escapeText } from "./escape-text.ts";
import { type Plot, renderPlot } from "./plot.ts";

export type PagePart =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "plot"; readonly plot: Plot }
  /** A drawing that is SVG already. */
  | { readonly kind: "drawing"; readonly svg: string }
  | {
      readonly kind: "table";
      readonly head: readonly string[];
      /** The first cell of a row names it. */
      readonly rows: readonly (readonly string[])[];
    };

const STYLE =
  ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}" +
  "table{border-collapse:collapse;margin:1rem 0;width:100%}th,td{padding:.3rem .6rem;border-bottom:1px solid #8884;text-align:left;vertical-align:top}" +
  "td{font-variant-numeric:tabular-nums}svg{width:100%;height:auto;margin:1rem 0}";

export function renderPage(title: string, parts: readonly PagePart[]): string {
  return (
    `<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    `<title>${escapeText(title)}</title><style>${STYLE}</style>\n<h1>${escapeText(title)}</h1>\n` +
    `${parts.map(renderPart).join("\n")}\n</html>\n`
  );
}

function renderPart(part: PagePart): string {
  switch (part.kind) {
    case "heading":
      return `<h2>${escapeText(part.text)}</h2>`;
    case "text":
      return `<p>${escapeText(part.text)}</p>`;
    case "plot":
      return renderPlot(part.plot);
    case "drawing":
      return part.svg;
    case "table":
      return (
        `<table><thead>${renderRow(part.head, "th")}</thead>` +
        `<tbody>${part.rows.map((row) => renderRow(row, "td")).join("")}</tbody></table>`
      );
    default:
      return part satisfies never;
  }
}

function renderRow(cells: readonly string[], tag: "td" | "th"): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join("")}</tr>`;
}
