import { describe, expect, it } from "vitest";
import { generationOrder } from "../../../test/support/generation-order.ts";
import { DEFAULT_TENANT } from "../step/order.ts";
import type { RequestTenant } from "../types.ts";
import { WaitingRoom } from "./waiting-room.ts";

function order(id: number, tokens: number, tenant: Partial<RequestTenant> = {}) {
  return generationOrder({ id, prompt: new Int32Array(tokens), tenant: { ...DEFAULT_TENANT, ...tenant } });
}

describe("WaitingRoom", () => {
  it("lets in as many as run and may wait, and says when to come back", () => {
    const room = new WaitingRoom({ maxSequences: 1, maxWaiting: 1, maxWaitingTokens: 1000 });
    room.enter(order(1, 5), 0);
    room.enter(order(2, 5), 0);
    expect(() => room.enter(order(3, 5), 12_300)).toThrow(
      expect.objectContaining({
        code: "queue_full",
        params: { waiting: 1, what: "answers", limit: 1, retryAfterS: 13 },
      }),
    );
    room.leave(1);
    room.enter(order(3, 5), 0);
  });

  it("takes other limits, and keeps who is in", () => {
    const room = new WaitingRoom({ maxSequences: 1, maxWaiting: 2, maxWaitingTokens: 1000 });
    for (const id of [1, 2, 3]) room.enter(order(id, 5), 0);
    room.limit({ maxWaiting: 1, maxWaitingTokens: 20 });
    room.leave(3);
    expect(() => room.enter(order(4, 5), 0)).toThrow(
      expect.objectContaining({ params: expect.objectContaining({ limit: 1 }) }),
    );
    room.leave(2);
    expect(() => room.enter(order(5, 16), 0)).toThrow(
      expect.objectContaining({ params: expect.objectContaining({ limit: 20 }) }),
    );
    room.enter(order(6, 15), 0);
  });

  it("counts the tokens of prompts that nothing has been computed of", () => {
    const room = new WaitingRoom({ maxSequences: 8, maxWaiting: 8, maxWaitingTokens: 100 });
    room.enter(order(1, 90), 0);
    expect(() => room.enter(order(2, 20), 0)).toThrow(expect.objectContaining({ code: "queue_full" }));
    room.begin(1);
    room.begin(1);
    expect(room.waitingTokens).toBe(0);
    room.enter(order(2, 20), 0);
    room.leave(2);
    room.leave(1);
    expect(room.waitingTokens).toBe(0);
  });

  it("lets a prompt longer than all that may wait into an empty room", () => {
    const room = new WaitingRoom({ maxSequences: 8, maxWaiting: 8, maxWaitingTokens: 100 });
    room.enter(order(1, 500), 0);
    expect(() => room.enter(order(2, 1), 0)).toThrow(expect.objectContaining({ code: "queue_full" }));
  });

  it("does not count those that wait for their readers, until they go on", () => {
    const room = new WaitingRoom({ maxSequences: 2, maxWaiting: 1, maxWaitingTokens: 1000 });
    for (const id of [1, 2, 3]) room.enter(order(id, 5), 0);
    const full = expect.objectContaining({ code: "queue_full" });
    expect(() => room.enter(order(4, 5), 0)).toThrow(full);
    for (const id of [1, 2, 1]) room.park(id);
    for (const id of [4, 5]) room.enter(order(id, 5), 0);
    expect(() => room.enter(order(6, 5), 0)).toThrow(full);
    room.leave(1);
    expect(() => room.enter(order(6, 5), 0)).toThrow(full);
    room.leave(3);
    room.resume(2);
    room.resume(2);
    expect(() => room.enter(order(6, 5), 0)).toThrow(full);
    room.leave(2);
    room.enter(order(6, 5), 0);
  });

  it("counts each answer that a request wants, however many it may have alone", () => {
    const room = new WaitingRoom({ maxSequences: 2, maxWaiting: 3, maxWaitingTokens: 1000 });
    const few = { name: "few", maxWaiting: 2 };
    room.enter({ ...order(1, 5, few), choices: 9 }, 0);
    expect(() => room.enter(order(2, 5), 0)).toThrow(
      expect.objectContaining({ params: expect.objectContaining({ waiting: 7, what: "answers" }) }),
    );
    room.leave(1);
    room.enter({ ...order(1, 5, few), choices: 2 }, 0);
    expect(() => room.enter(order(2, 5, few), 0)).toThrow(expect.objectContaining({ code: "tenant_queue_full" }));
    room.enter(order(2, 5), 0);
  });

  it("holds each tenant to its own limits", () => {
    const room = new WaitingRoom({ maxSequences: 8, maxWaiting: 8, maxWaitingTokens: 1000 });
    const few = { name: "few", maxWaiting: 1 };
    const short = { name: "short", maxWaitingTokens: 50 };
    room.enter(order(1, 5, few), 0);
    expect(() => room.enter(order(2, 5, few), 0)).toThrow(
      expect.objectContaining({ code: "tenant_queue_full", params: expect.objectContaining({ tenant: "few" }) }),
    );
    room.enter(order(3, 30, short), 0);
    expect(() => room.enter(order(4, 30, short), 0)).toThrow(expect.objectContaining({ code: "tenant_queue_full" }));
    room.begin(1);
    room.enter(order(2, 5, few), 0);
  });
});
