import { describe, expect, it } from "vitest";
import { PacedDelivery } from "./paced-delivery.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("PacedDelivery", () => {
  it("handles the first message at once and each further one in a turn of its own", async () => {
    const seen: number[] = [];
    const delivery = new PacedDelivery<number>((message) => seen.push(message));
    for (const message of [1, 2, 3]) delivery.push(message);
    expect(seen).toEqual([1]);
    await turn();
    expect(seen).toEqual([1, 2]);
    await turn();
    expect(seen).toEqual([1, 2, 3]);
    await turn();
    delivery.push(4);
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it("lets timers have their turn while messages never end", async () => {
    let handled = 0;
    const delivery = new PacedDelivery<null>(() => {
      handled += 1;
      if (handled < 10_000) delivery.push(null);
    });
    delivery.push(null);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(handled).toBeLessThan(10_000);
    // The timer may have come before the second message did.
    await turn();
    await turn();
    expect(handled).toBeGreaterThan(1);
    handled = 10_000;
    await turn();
  });

  it("gives all that waits when flushed, in order, and nothing twice", async () => {
    const seen: number[] = [];
    const delivery = new PacedDelivery<number>((message) => seen.push(message));
    for (const message of [1, 2, 3]) delivery.push(message);
    delivery.flush();
    expect(seen).toEqual([1, 2, 3]);
    await turn();
    expect(seen).toEqual([1, 2, 3]);
  });
});
