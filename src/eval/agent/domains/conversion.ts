/** Units and currencies. */

import type { Intent } from "../intent.ts";
import type { Draw } from "../draw.ts";
import { AMOUNT, DATE, decimal, integersFrom, oneOf } from "../values/kinds.ts";
import { numberValue, sayJson, stringKind, stringValue, type Value } from "../values/value.ts";
import { convert, DEGREES, drawUnits } from "./units.ts";

const CURRENCIES = "EUR USD GBP NOK SEK CHF JPY CAD AUD PLN INR BRL DKK CZK MXN KRW".split(" ");

/** Two different ones, as the slots "from" and "to". */
const between = ([from, to]: readonly string[]): Readonly<Record<string, Value>> => ({
  from: stringValue(from ?? ""),
  to: stringValue(to ?? ""),
});

const conversion = (
  concept: string,
  names: readonly string[],
  about: string,
  drawPair: (draw: Draw) => readonly string[],
): Intent => ({
  concept,
  names,
  about,
  slots: [
    {
      key: "value",
      names: ["value", "amount", "quantity", "number"],
      about: "(The number to convert|How much|Value to convert)",
      kind: AMOUNT,
    },
    {
      key: "from",
      names: ["from_unit", "from", "source_unit", "unit_from"],
      about: "(Unit of the value|The unit to convert from)",
      kind: stringKind((draw) => drawPair(draw)[0] ?? ""),
    },
    {
      key: "to",
      names: ["to_unit", "to", "target_unit", "unit_to"],
      about: "(The unit wanted|The unit to convert to)",
      kind: stringKind((draw) => drawPair(draw)[0] ?? ""),
      ask: "To which unit?",
      reply: "(To {to}|{to}|Into {to}, please)",
    },
  ],
  clauses: ["(convert|change|turn) {value} {from}[ (to|into) {to}]", "express {value} {from} in {to}"],
  questions: ["(How many|How much in) {to} (are|is) {value} {from}?", "What is {value} {from} in {to}?"],
  followUp: { slot: "value", phrase: "(And|What about|And for) {value}?" },
  values: (draw) => between(drawPair(draw)),
  results: (_, args) => {
    const [value = 0, from = "", to = ""] = Object.values(args);
    return { result: numberValue(convert(Number(value), sayJson(from), sayJson(to))) };
  },
  answer: "{value} {from} is {result} {to}.",
});

export const CONVERSION: readonly Intent[] = [
  {
    ...conversion(
      "convert_unit",
      ["convert_unit", "convert_units", "unit_converter", "unit_convert"],
      "(Convert a value between units|Convert units of length, weight or volume|Turn a value into another unit)",
      (draw) => drawUnits(draw),
    ),
    conflicts: ["convert_length"],
  },
  conversion(
    "convert_length",
    ["convert_length", "length_converter", "convert_distance"],
    "(Convert a length|Convert between units of length)",
    (draw) => drawUnits(draw, 1),
  ),
  {
    ...conversion(
      "convert_temperature",
      ["convert_temperature", "temperature_converter", "convert_degrees"],
      "(Convert a temperature|Convert between celsius, fahrenheit and kelvin)",
      (draw) => draw.shuffled(DEGREES),
    ),
    questions: ["What is {value} {from} in {to}?", "How (warm|cold|hot) is {value} {from} in {to}?"],
  },
  {
    ...conversion(
      "convert_currency",
      ["convert_currency", "currency_converter", "exchange_money", "convert_money"],
      "(Convert an amount of money|Convert between currencies|Exchange one currency into another)",
      (draw) => draw.shuffled(CURRENCIES),
    ),
    results: (draw, args) => ({
      result: numberValue(Number((Number(Object.values(args)[0]) * decimal(draw, 12)).toFixed(2))),
    }),
    slots: [
      { key: "value", names: ["amount", "value", "sum"], about: "(The amount|Amount of money)", kind: AMOUNT },
      {
        key: "from",
        names: ["from_currency", "from", "source"],
        about: "(Currency of the amount|Currency code to convert from)",
        kind: oneOf(CURRENCIES),
      },
      {
        key: "to",
        names: ["to_currency", "to", "target"],
        about: "(The currency wanted|Currency code to convert to)",
        kind: oneOf(CURRENCIES),
        ask: "To which currency?",
        reply: "(To {to}|{to}|Into {to}, please)",
      },
    ],
  },
  {
    concept: "exchange_rate",
    names: ["exchange_rate", "get_exchange_rate", "currency_rate", "fx_rate"],
    about: "(Exchange rate of two currencies|Look up an exchange rate)",
    slots: [
      { key: "base", names: ["base", "from", "base_currency"], about: "(Base currency)", kind: oneOf(CURRENCIES) },
      { key: "quote", names: ["quote", "to", "target"], about: "(Other currency)", kind: oneOf(CURRENCIES) },
      { key: "date", names: ["date", "day"], about: "(The day of the rate)", kind: DATE, optional: true },
    ],
    clauses: ["(get|show|look up) the exchange rate from {base} to {quote}[ (for|on) {date}]"],
    questions: ["What is the exchange rate (from|of) {base} to {quote}[ on {date}]?"],
    values: (draw) => {
      const { from, to } = between(draw.shuffled(CURRENCIES));
      return { ...(from && { base: from }), ...(to && { quote: to }) };
    },
    results: (draw) => ({ rate: numberValue(decimal(draw, 20)) }),
    answer: "The rate is {rate}.",
  },
  {
    concept: "tip",
    names: ["calculate_tip", "tip_calculator", "tip"],
    about: "(The tip for a bill|Calculate a tip)",
    slots: [
      { key: "bill", names: ["bill", "bill_amount", "total"], about: "(The bill|Sum of the bill)", kind: AMOUNT },
      {
        key: "percent",
        names: ["percent", "tip_percent", "percentage"],
        about: "(Percent of the tip|The tip in percent)",
        kind: integersFrom(3, 30),
        ask: "How many percent?",
        reply: "({percent}|{percent} percent)",
      },
    ],
    clauses: [
      "(calculate|work out) the tip for a bill of {bill}[ at {percent} percent]",
      "(calculate|give me) a {percent} percent tip on {bill}",
    ],
    results: (_, args) => {
      const [bill = 0, percent = 0] = Object.values(args);
      return { tip: numberValue(Number(((Number(bill) * Number(percent)) / 100).toFixed(2))) };
    },
    answer: "The tip is {tip}.",
  },
];
