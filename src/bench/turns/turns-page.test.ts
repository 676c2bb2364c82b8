import { describe, expect, it } from "vitest";
import { renderPage } from "../../report/html-page.ts";
import type { Series } from "../../report/plot.ts";
import type { TurnRecord } from "./turn-record.ts";
import { figureRows, showQuantile, turnsPage } from "./turns-page.ts";
import { turnsReport } from "./turns-report.ts";

const record = (fields: Partial<TurnRecord>): TurnRecord => ({
  session: "a",
  index: 0,
  acts: false,
  intendedMs: 1000,
  endMs: 1500,
  deltaMs: [1200, 1300, 1500],
  promptTokens: 100,
  outputTokens: 3,
  cachedTokens: 75,
  failure: null,
  isPlayed: true,
  ...fields,
});
const OBJECTIVE = { turnMs: 600, firstTokenMs: 250 };
const RECORDS = [
  record({}),
  record({ index: 1, endMs: 3000, deltaMs: [2000, 3000], promptTokens: 300 }),
  record({ session: "b", failure: "503\n<busy>", deltaMs: [], outputTokens: 0 }),
];
const parts = turnsPage({
  facts: ["two agents & one server"],
  report: turnsReport(RECORDS, RECORDS.length, OBJECTIVE),
  records: RECORDS,
});

const pointsOf = (series: readonly Series[], name: string) => series.find(({ label }) => label === name)?.points;

describe("turnsPage", () => {
  it("has the latencies and the figures as tables", () => {
    const [latencies = [], figures = []] = parts.flatMap((part) => (part.kind === "table" ? [part.rows] : []));
    expect(latencies.map(([name]) => name)).toEqual(["turn", "first token", "token gap"]);
    // Of 0.5 s, 2 s and a failure, which counts as infinite.
    expect(latencies[0]?.slice(1)).toEqual(
      ["2.00 s", "failed", "failed"].map((shown) => expect.stringContaining(shown)),
    );
    const shown = new Map(figures.map(([name = "", value]) => [name, value]));
    expect([shown.get("turns"), shown.get("sessions"), shown.get("failed")]).toEqual(["3", "2", "1"]);
    expect(shown.get("  1")).toBe("503 <busy>");
    expect(shown.get("within 600 ms, first token 250 ms")).toMatch(/^33\.3 %/);
    expect(shown.get("output tokens")).toBe("6");
  });

  it("draws how latencies are distributed, short of what failed, and how they grow with the prompt", () => {
    const [distributions = [], growth = []] = parts.flatMap((part) => (part.kind === "plot" ? [part.plot.series] : []));
    const [[firstMs, firstShare] = [], [secondMs, secondShare] = []] = pointsOf(distributions, "turn") ?? [];
    expect([firstMs, secondMs]).toEqual([500, 2000]);
    expect([firstShare, secondShare]).toEqual([expect.closeTo(100 / 3), expect.closeTo(200 / 3)]);
    expect(pointsOf(distributions, "token gap")).toEqual([
      [100, expect.closeTo(100 / 3)],
      [200, expect.closeTo(200 / 3)],
      [1000, 100],
    ]);
    expect(pointsOf(growth, "first token")?.slice(0, 2)).toEqual([
      [100, 200],
      [300, 1000],
    ]);
  });

  it("says what was not played, and what was interrupted", () => {
    const report = turnsReport([...RECORDS, record({ failure: "not played", isPlayed: false })], 9, OBJECTIVE);
    const rows = new Map(figureRows({ ...report, unplayed: 4 }).map(([name = "", value]) => [name, value]));
    expect(rows.get("turns")).toBe("4 of 9: interrupted");
    expect(rows.get("  4")).toMatch(/^not played/);
  });

  it("shows bounds, and that there is none", () => {
    expect(showQuantile({ value: 1230, low: 900, high: 1400 })).toBe("1.23 s (900 ms .. 1.40 s)");
    expect(showQuantile({ value: 1230, low: 900, high: Infinity })).toBe("1.23 s (900 ms .. no bound)");
    expect(showQuantile({ value: Infinity, low: 900, high: Infinity })).toBe("failed (900 ms .. no bound)");
  });

  it.each([[[]], [[record({ failure: "503", deltaMs: [] })]]])("draws no axes without a point: %#", (records) => {
    const report = turnsReport(records, 1, OBJECTIVE);
    const page = renderPage("Turns", turnsPage({ facts: [], report, records }));
    expect(page).not.toMatch(/<svg|NaN|Infinity|undefined/);
    expect(page).toContain("nothing to draw");
  });

  it("draws so many points of a long run that a page can hold them, the largest value among them", () => {
    const records = Array.from({ length: 3000 }, (_, index) =>
      record({ index, endMs: 1500 + index, ...(index % 3 === 0 ? { failure: "503", deltaMs: [] } : {}) }),
    );
    const plots = turnsPage({ facts: [], report: turnsReport(records, 3000, OBJECTIVE), records }).flatMap((part) =>
      part.kind === "plot" ? [part.plot.series] : [],
    );
    expect(plots).toHaveLength(2);
    for (const series of plots) for (const { points } of series) expect(points.length).toBeLessThanOrEqual(500);
    // Two thirds ended, the slowest after 500 + 2999 ms.
    expect(pointsOf(plots[0] ?? [], "turn")?.at(-1)).toEqual([3499, expect.closeTo(200 / 3)]);
  });

  it("is a page that needs nothing else", () => {
    const page = renderPage("Turns", parts);
    expect(page.match(/<svg/g)).toHaveLength(2);
    expect(page).toContain("two agents &amp; one server");
    expect(page).toContain("503 &lt;busy&gt;");
    expect(page).not.toMatch(/<script|src=|href=|url\(|NaN|Infinity|undefined/);
  });
});
