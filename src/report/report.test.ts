import { describe, expect, it } from "vitest";
import { placeAxis, shortNumber } from "./axis.ts";
import { renderPage } from "./html-page.ts";
import { renderPlot } from "./plot.ts";

describe("placeAxis", () => {
  it("labels round values of a linear axis, from 0", () => {
    const placed = placeAxis({ label: "", scale: "linear" }, [3, 97], 100);
    expect(placed.ticks.map(({ text }) => text)).toEqual(["0", "20", "40", "60", "80", "100"]);
    expect(placed.place(50)).toBe(50);
  });

  it("labels powers of ten of a log axis, and 2 and 5 of a short one", () => {
    const long = placeAxis({ label: "", scale: "log" }, [0.02, 5000, 0, Infinity], 60);
    expect(long.ticks.map(({ text }) => text)).toEqual(["0.01", "0.1", "1", "10", "100", "1k", "10k"]);
    expect(long.place(10)).toBeCloseTo(30);
    const short = placeAxis({ label: "", scale: "log" }, [12, 70], 60);
    expect(short.ticks.map(({ text }) => text)).toEqual(["10", "20", "50", "100"]);
  });

  it("of nothing is still an axis", () => {
    for (const scale of ["linear", "log"] as const) {
      expect(placeAxis({ label: "", scale }, [], 10).ticks.length).toBeGreaterThan(1);
    }
  });
});

it("shortNumber keeps three digits", () => {
  expect([0, 0.001234, 12.345, 1500, 2e6, 3.21e9, -4000].map(shortNumber)).toEqual([
    "0",
    "0.00123",
    "12.3",
    "1.5k",
    "2M",
    "3.21G",
    "-4k",
  ]);
});

const axis = (label: string) => ({ label, scale: "linear" as const });

describe("renderPlot", () => {
  it("draws every series and leaves out what cannot be placed", () => {
    const svg = renderPlot({
      title: "A < B",
      x: axis("x"),
      y: axis("y"),
      series: [
        {
          label: "line",
          mark: "line",
          points: [
            [0, 0],
            [1, 2],
            [2, Infinity],
          ],
        },
        { label: "dots", mark: "points", points: [[1, 1]] },
      ],
    });
    expect(svg).toContain("A &lt; B");
    expect(svg.match(/<circle/g)).toHaveLength(1);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

it("renderPage escapes what it is given, and loads nothing", () => {
  const page = renderPage("<title>", [
    { kind: "text", text: "a & b" },
    { kind: "table", head: ["name", "value"], rows: [["<x>", "1"]] },
  ]);
  expect(page).toContain("&lt;x&gt;");
  expect(page).toContain("a &amp; b");
  expect(page).not.toMatch(/<script|src=|href=|url\(/);
});
