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
const restoreAll = (kept: readonly KeptTurn[]): readonly Turn[] =>
  kept.map((_, index) => restoreTurn(kept.slice(0, index + 1)));
const texts = (kept: readonly KeptTurn[]): readonly string[] => kept.map(({ added }) => added.promptText);

it("gives every turn back, and keeps of a conversation that only grew what each turn added", () => {
  const turns = conversation(["a", "b", "\ud83d", "d"]);
  const kept = keepAll(turns);
  expect(restoreAll(kept)).toEqual(turns);
  expect(texts(kept)).toEqual(["<a>", "<b>", "<\ud83d>", "<d>"]);
  expect(kept.map(({ added }) => [added.messages.length, added.ledger.length])).toEqual(kept.map(() => [1, 3]));
});

it("keeps what a template wrote anew whole, and goes on from there", () => {
  const grown = conversation(["a", "b", "c"]);
  const rewritten = turnAfter({ ...(grown.at(-1) ?? makeTurn()), promptText: "<A><b><c>" }, "d");
  const turns = conversation(["e"], [...grown, rewritten]);
  const kept = keepAll(turns);
  expect(restoreAll(kept)).toEqual(turns);
  expect(texts(kept)).toEqual(["<a>", "<b>", "<c>", "<A><b><c><d>", "<e>"]);
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
    expect(keepAll(turns).map(({ continues }) => continues)).toEqual([false, false]);
    expect(restoreAll(keepAll(turns))).toEqual(turns);
  }
});

it("lets two ways go on from one turn, which has nothing of either", () => {
  const turns = conversation(["a", "b", "c"]);
  const kept = keepAll(turns);
  const fork = kept.slice(0, 2);
  const other = conversation(["x", "y"], turns.slice(0, 2));
  const forked = other.slice(2).reduce(keepTurn, fork);
  expect(restoreAll(forked)).toEqual(other);
  expect(forked.slice(0, 2)).toEqual(fork);
  expect(restoreAll(kept)).toEqual(turns);
});
