import { expect, it } from "vitest";
import { readScrape } from "./scraped-figures.ts";

const MEMORY = `# TYPE turnwise_weight_bytes gauge
turnwise_weight_bytes{model_name="a \\"b\\"",memory="mapped"} 700
turnwise_kv_pool_bytes{model_name="m"} 1000
turnwise_kv_pages_used{model_name="m"} 3
turnwise_kv_pages_cached{model_name="m"} 1
turnwise_kv_pages_total{model_name="m"} 10
vllm:num_requests_running{model_name="m"} 4
turnwise_http_requests_open 1
`;
const DELAY = `turnwise_event_loop_delay_seconds{quantile="0.5"} 6.1e-5
turnwise_event_loop_delay_seconds{quantile="0.99"} 0.002
turnwise_event_loop_delay_seconds{quantile="1"} 0.0125
`;

it("reads pauses and memory", () => {
  const { pause, ...memory } = readScrape(MEMORY + DELAY, "here");
  expect(pause?.p50Ms).toBeCloseTo(0.061);
  expect(pause).toMatchObject({ p99Ms: 2, longestMs: 12.5 });
  expect(memory).toEqual({ weightBytes: 700, areWeightsAnonymous: false, kvPoolBytes: 1000, kvHeldBytes: 400 });
  expect(readScrape(MEMORY.replace("mapped", "anonymous"), "here").areWeightsAnonymous).toBe(true);
});

it("knows a first scrape, and misses what is not there", () => {
  expect(readScrape(MEMORY, "here").pause).toBeNull();
  expect(() => readScrape(DELAY, "here")).toThrow("turnwise_kv_pool_bytes");
});
