import { describe, expect, it } from "vitest";
import { emptyDistribution, record } from "../../base/distribution.ts";
import { Counter, Histogram, renderValue } from "./prometheus.ts";

function rendered(source: { render(lines: string[]): void }): string[] {
  const lines: string[] = [];
  source.render(lines);
  return lines;
}

describe("Counter", () => {
  it("keeps one value per combination of labels", () => {
    const counter = new Counter("requests_total", "Requests.");
    counter.add(1, { route: "/a", status: "200" });
    counter.add(2, { route: "/a", status: "200" });
    counter.add(1, { route: "/a", status: "500" });
    expect(rendered(counter)).toEqual([
      "# HELP requests_total Requests.",
      "# TYPE requests_total counter",
      'requests_total{route="/a",status="200"} 3',
      'requests_total{route="/a",status="500"} 1',
    ]);
  });

  it("escapes what would break a line", () => {
    const counter = new Counter("c", "C.");
    counter.add(1, { name: 'a"b\\c\nd' });
    expect(rendered(counter)[2]).toBe(String.raw`c{name="a\"b\\c\nd"} 1`);
  });
});

describe("Histogram", () => {
  it("renders cumulative buckets whose bounds are inclusive", () => {
    const histogram = new Histogram("seconds", "Time.", [0.1, 1]);
    histogram.observe(0.1, { model: "m" });
    const collected = emptyDistribution([0.1, 1]);
    record(collected, 0.5, 3);
    histogram.observeAll(collected, { model: "m" });
    histogram.observe(7, { model: "m" });
    expect(rendered(histogram)).toEqual([
      "# HELP seconds Time.",
      "# TYPE seconds histogram",
      'seconds_bucket{model="m",le="0.1"} 1',
      'seconds_bucket{model="m",le="1"} 4',
      'seconds_bucket{model="m",le="+Inf"} 5',
      'seconds_sum{model="m"} 8.6',
      'seconds_count{model="m"} 5',
    ]);
  });

  it("keeps the buckets of each combination of labels apart", () => {
    const histogram = new Histogram("tokens", "Tokens.", [10]);
    histogram.observe(5, { tenant: "a" });
    histogram.observe(50, { tenant: "b" });
    expect(rendered(histogram).slice(2)).toEqual([
      'tokens_bucket{tenant="a",le="10"} 1',
      'tokens_bucket{tenant="a",le="+Inf"} 1',
      'tokens_sum{tenant="a"} 5',
      'tokens_count{tenant="a"} 1',
      'tokens_bucket{tenant="b",le="10"} 0',
      'tokens_bucket{tenant="b",le="+Inf"} 1',
      'tokens_sum{tenant="b"} 50',
      'tokens_count{tenant="b"} 1',
    ]);
  });
});

describe("renderValue", () => {
  it("renders a gauge without labels", () => {
    const lines: string[] = [];
    renderValue(lines, "gauge", "pages", "Pages.", 4);
    expect(lines).toEqual(["# HELP pages Pages.", "# TYPE pages gauge", "pages 4"]);
  });
});
