import { expect, it, test } from "vitest";
import { renderPage } from "./html-page.ts";
import { logScale } from "./log-scale.ts";
import { type RooflinePoint, rooflineSvg } from "./roofline.ts";

const point = (name: string, intensity: number, rate: number): RooflinePoint => ({
  name,
  intensity,
  operationsPerSecond: rate * 1e9,
  remark: "1 token/s",
});

const plot = (points: readonly RooflinePoint[]): string =>
  rooflineSvg({
    title: "A <model> & its limits",
    subtitle: "x",
    bytesPerSecond: 40e9,
    operationsPerSecond: 1400e9,
    points,
  });

/** Every element is closed in order; texts hold no bare `<` or `&`. */
function expectWellFormed(markup: string): void {
  const open: string[] = [];
  const unmatched: string[] = [];
  for (const [, closing, name = "", selfClosing] of markup.matchAll(/<(\/?)([a-zA-Z!][\w-]*)[^>]*?(\/?)>/g)) {
    if (closing === "/") unmatched.push(...[open.pop()].filter((opened) => opened !== name).map(String));
    else if (selfClosing !== "/" && name !== "!doctype") open.push(name);
  }
  expect([...open, ...unmatched]).toEqual([]);
  expect(markup.replaceAll(/&(?:amp|lt|gt|quot);/g, "")).not.toMatch(/&/);
}

it("is well-formed and needs nothing from elsewhere", () => {
  const svg = plot([point("decode", 3.5, 120), point('pre"fill', 900, 700)]);
  expectWellFormed(svg);
  expect(svg).toContain("A &lt;model&gt; &amp; its limits");
  expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\(|<script/);
  expect(renderPage("page", [{ kind: "drawing", svg }])).toContain(svg);
});

it("draws points below the roof, and labels apart from each other", () => {
  const svg = plot([1, 2, 3, 4, 5].map((index) => point(`case-${index}`, 3.5, 120 + index)));
  const labelY = [...svg.matchAll(/y="([\d.]+)" text-anchor="(?:start|end)">case-/g)].map(([, y]) => Number(y));
  expect(labelY).toHaveLength(5);
  for (const [index, y] of labelY.toSorted((a, b) => a - b).entries()) {
    expect(y - (labelY.toSorted((a, b) => a - b)[index - 1] ?? -100)).toBeGreaterThanOrEqual(16);
  }
});

test("an axis of decades has their ticks, and maps its ends to its pixels", () => {
  const scale = logScale([2, 50], 0, 100);
  expect(scale.pixel(scale.low)).toBeCloseTo(0, 9);
  expect(scale.pixel(scale.high)).toBeCloseTo(100, 9);
  expect(scale.pixel(10) - scale.pixel(5)).toBeCloseTo(scale.pixel(20) - scale.pixel(10), 9);
  expect(scale.ticks).toEqual([2, 5, 10, 20, 50]);
  expect(logScale([1, 1e6], 0, 1).ticks).toEqual([1, 10, 100, 1000, 1e4, 1e5, 1e6]);
});
