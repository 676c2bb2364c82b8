import { expect, it } from "vitest";
import { createTokenizer } from "./create-tokenizer.ts";

const BOS = 3;
const tokenizer = createTokenizer({
  kind: "spm",
  pre: "default",
  tokens: ["<unk>", "a", "▁a", "<s>", "</s>"],
  scores: Float32Array.of(0, -1, -2, 0, 0),
  tokenTypes: Int32Array.of(2, 1, 1, 3, 3),
  bosId: BOS,
  eosId: 4,
  unkId: 0,
});

it("adds BOS once, whether or not the text begins with it", () => {
  const plain = tokenizer.encode("a", { addSpecial: true, parseSpecial: true });
  const spelled = tokenizer.encode("<s>a", { addSpecial: true, parseSpecial: true });
  expect([...plain].filter((id) => id === BOS)).toEqual([BOS]);
  expect([...spelled].filter((id) => id === BOS)).toEqual([BOS]);
  expect(spelled[0]).toBe(BOS);
});

it("keeps a BOS that stands inside the text", () => {
  const ids = [...tokenizer.encode("a<s>a", { addSpecial: true, parseSpecial: true })];
  expect(ids.filter((id) => id === BOS)).toHaveLength(2);
});

it("takes the text's own BOS where none is to be added", () => {
  expect(tokenizer.encode("<s>a", { addSpecial: false, parseSpecial: true })[0]).toBe(BOS);
});
