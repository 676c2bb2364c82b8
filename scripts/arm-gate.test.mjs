import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { losses, missedTargets, otherTools } from "./arm-gate.mjs";

const RECORD = JSON.parse(readFileSync(join(import.meta.dirname, "..", "bench", "arm-model.json"), "utf8"));
const NAME = "GEMM Q4_0";

const withRate = (cpu, rate) => ({ ...RECORD.rates, [NAME]: { ...RECORD.rates[NAME], [cpu]: rate } });

test("the record meets every target, and itself", () => {
  expect(missedTargets(RECORD.rates)).toEqual([]);
  expect(losses(RECORD.rates, RECORD)).toEqual([]);
});

// 62 MAC a cycle on V2, 80 % of it on V1.
test.each([
  ["neoverse-v2", 62, []],
  ["neoverse-v2", 61.9, [`${NAME} on neoverse-v2: 61.9, the target is 62 MAC/cycle`]],
  ["neoverse-v1", 49.6, []],
  ["neoverse-v1", 49.5, [`${NAME} on neoverse-v1: 49.5, the target is 49.6 MAC/cycle`]],
])("on %s a rate of %d has the missed targets %j", (cpu, rate, missed) => {
  expect(missedTargets(withRate(cpu, rate))).toEqual(missed);
});

test("a target that is known to be missed fails nothing, a loss of its rate does", () => {
  const name = "GEMV IQ4_NL";
  const recorded = RECORD.rates[name]["neoverse-v2"];
  expect(recorded).toBeLessThan(12);
  const rates = { ...RECORD.rates, [name]: { ...RECORD.rates[name], "neoverse-v2": recorded / 2 } };
  expect(missedTargets(rates)).toEqual([]);
  expect(losses(rates, RECORD)).toHaveLength(1);
});

test("a loss of more than 10 % and a loop without a record are named", () => {
  const recorded = RECORD.rates[NAME]["neoverse-v1"];
  expect(losses(withRate("neoverse-v1", recorded * 0.91), RECORD)).toEqual([]);
  const lost = recorded * 0.89;
  expect(losses(withRate("neoverse-v1", lost), RECORD)).toEqual([
    `${NAME} on neoverse-v1: ${lost}, recorded ${recorded}`,
  ]);
  const { [NAME]: _, ...others } = RECORD.rates;
  expect(losses(RECORD.rates, { rates: others })).toHaveLength(2);
});

test("tools of other versions than the record's are named", () => {
  const { compiler, model } = RECORD;
  expect(otherTools({ compiler, model }, RECORD)).toEqual([]);
  expect(otherTools({ compiler: "g++ 15", model }, RECORD)).toEqual([
    `the record is of the compiler ${compiler}, this is g++ 15`,
  ]);
});
