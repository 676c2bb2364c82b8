import { expect, it } from "vitest";
import { makeTurn } from "../../test/support/make-turn.ts";
import type { ChatMessage } from "../text/template/types.ts";
import { type KeptTurn, keepTurn, restoreTurn } from "./kept-turn.ts";
import type { Turn } from "./turn.ts";

const said = (content: string): ChatMessage => ({ role: "user", content });

/** A turn that goes on from `before` by a message, its text and a token for each of its letters. */
function turnAfter(before: Turn | null, id: string): Turn {
  const text = `${before?.promptText ?? ""}<${id}>`;
  return makeTurn({
    id,
    messages: [...(before?.messages ?? []), said(id)],
    promptText: text,
    ledger: Int32Array.from(text, (letter) => letter.charCodeAt(0)),
    usage: { promptTokens: text.length, outputTokens: 1, cachedTokens: 0, preemptions: 0 },
  });
}

function conversation(ids: readonly string[], before: readonly Turn[] = []): readonly Turn[] {
  const turns = [...before];
  for (const id of ids) turns.push(turnAfter(turns.at(-1) ?? null, id));
  return turns;
}

const keepAll = (turns: readonly Turn[]): readonly KeptTurn[] => turns.reduce(keepTurn, [] as readonly KeptTurn[]);
const transcripts = (kept: readonly KeptTurn[]): number => new Set(kept.map(({ within }) => within)).size;

it("gives every turn back, and keeps one transcript of a conversation that only grew", () => {
  const turns = conversation(["a", "b", "c", "d"]);
  const kept = keepAll(turns);
  expect(kept.map(restoreTurn)).toEqual(turns);
  expect(transcripts(kept)).toBe(1);
});

it("keeps what a template wrote anew apart", () => {
  const grown = conversation(["a", "b", "c"]);
  const rewritten = turnAfter({ ...(grown.at(-1) ?? makeTurn()), promptText: "<A><b><c>" }, "d");
  const turns = conversation(["e"], [...grown, rewritten]);
  const kept = keepAll(turns);
  expect(kept.map(restoreTurn)).toEqual(turns);
  expect(transcripts(kept)).toBe(2);
});

it("keeps turns apart whose tokens or messages are others", () => {
  const [first] = conversation(["a"]);
  const next = turnAfter(first ?? null, "b");
  for (const other of [
    { ...next, ledger: next.ledger.map((token) => token + 1) },
    { ...next, ledger: next.ledger.subarray(0, 2) },
    { ...next, messages: [said("a"), said("b")] },
  ]) {
    const turns = [first ?? next, other];
    expect(transcripts(keepAll(turns))).toBe(2);
    expect(keepAll(turns).map(restoreTurn)).toEqual(turns);
  }
});

it("lets two ways go on from one turn", () => {
  const turns = conversation(["a", "b", "c"]);
  const kept = keepAll(turns);
  const fork = kept.slice(0, 2);
  const other = conversation(["x", "y"], turns.slice(0, 2));
  const forked = other.slice(2).reduce(keepTurn, fork);
  expect(forked.map(restoreTurn)).toEqual(other);
  expect(transcripts(forked)).toBe(1);
  expect(kept.map(restoreTurn)).toEqual(turns);
});
