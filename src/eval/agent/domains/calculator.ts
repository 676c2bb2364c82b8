/** Arithmetic, which the model leaves to the tool: it copies the expression or the operands. */

import type { Draw } from "../draw.ts";
import type { Intent } from "../intent.ts";
import { numberValue, sayJson, type Value, type ValueKind } from "../values/value.ts";
import { decimal, SIGNED } from "../values/kinds.ts";

const OPERATORS = ["+", "-", "*", "/"] as const;
type Operator = (typeof OPERATORS)[number];

const SPOKEN: Readonly<Record<Operator, string>> = { "+": "plus", "-": "minus", "*": "times", "/": "divided by" };

function apply(left: number, operator: Operator, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    default:
      return operator satisfies never;
  }
}

const rounded = (value: number): number => Number(value.toFixed(4));

function operand(draw: Draw): number {
  return decimal(draw, draw.pick([10, 100, 1000]));
}

/** Two operands, or three with brackets; often said in words. */
const EXPRESSION: ValueKind = {
  schema: () => ({ type: "string" }),
  make: (draw): Value => {
    const [a, b, c] = [operand(draw), operand(draw), operand(draw)];
    const [first, second] = [draw.pick(OPERATORS), draw.pick(OPERATORS)];
    if (draw.chance(0.25)) {
      const bracketed = `(${a} ${first} ${b}) ${second} ${c}`;
      return { json: bracketed, text: bracketed };
    }
    const json = draw.chance(0.2) ? `${a} ${first} ${b} ${second} ${c}` : `${a} ${first} ${b}`;
    const spoken = json.replaceAll(/ ([-+*/]) /g, (_, operator: Operator) => ` ${SPOKEN[operator]} `);
    return { json, text: draw.chance(0.5) ? spoken : json };
  },
};

/** Evaluates what EXPRESSION writes: operands, operators, one pair of brackets. */
export function evaluate(expression: string): number {
  const bracket = /\(([^()]*)\)/.exec(expression);
  if (bracket !== null) return evaluate(expression.replace(bracket[0], String(evaluate(bracket[1] ?? ""))));
  const parts = expression.split(" ");
  const sums: number[] = [Number(parts[0])];
  for (let at = 1; at < parts.length; at += 2) {
    const operator = parts[at] as Operator;
    const value = Number(parts[at + 1]);
    if (operator === "+" || operator === "-") sums.push(operator === "+" ? value : -value);
    else sums.push(apply(sums.pop() ?? 0, operator, value));
  }
  return rounded(sums.reduce((sum, value) => sum + value, 0));
}

const ANSWER = "It is {result}.";

const operation = (
  concept: string,
  names: readonly string[],
  about: string,
  clauses: readonly string[],
  compute: (a: number, b: number) => number,
): Intent => ({
  concept,
  names,
  about,
  slots: [
    { key: "a", names: ["a", "x", "first", "left"], about: "(First number|The first operand)", kind: SIGNED },
    { key: "b", names: ["b", "y", "second", "right"], about: "(Second number|The second operand)", kind: SIGNED },
  ],
  clauses,
  results: (_, args) => {
    const [a = 0, b = 0] = Object.values(args) as number[];
    return { result: numberValue(rounded(compute(a, b))) };
  },
  answer: ANSWER,
});

export const CALCULATOR: readonly Intent[] = [
  {
    concept: "calculate",
    conflicts: ["add", "multiply", "divide", "subtract"],
    names: ["calculator", "calculate", "evaluate_expression", "calc", "compute", "math_eval"],
    about:
      "(Evaluate an arithmetic expression|Calculate an expression|Compute the value of an expression|Do arithmetic)",
    slots: [
      {
        key: "expression",
        names: ["expression", "expr", "formula", "input"],
        about: "(The expression|An expression such as 3 * 4|What to calculate, with + - * /)",
        kind: EXPRESSION,
        ask: "What should I calculate?",
        reply: "{expression}",
      },
    ],
    clauses: ["(calculate|compute|work out|evaluate) {expression}", "tell me (what|how much) {expression} is"],
    questions: ["(What is|What's|How much is) {expression}?", "{expression} = ?", "{expression}?"],
    followUp: { slot: "expression", phrase: "(And|What about|And what is) {expression}?" },
    results: (_, args) => ({ result: numberValue(evaluate(sayJson(Object.values(args)[0]))) }),
    answer: ANSWER,
  },
  operation(
    "add",
    ["add", "add_numbers", "sum_numbers"],
    "(Add two numbers|The sum of two numbers)",
    ["add {a} and {b}"],
    (a, b) => a + b,
  ),
  operation(
    "multiply",
    ["multiply", "multiply_numbers", "product"],
    "(Multiply two numbers|The product of two numbers)",
    ["multiply {a} (by|with) {b}", "multiply {a} and {b}"],
    (a, b) => a * b,
  ),
  operation(
    "divide",
    ["divide", "divide_numbers"],
    "(Divide one number by another|Divide two numbers)",
    ["divide {a} by {b}"],
    (a, b) => (b === 0 ? 0 : a / b),
  ),
  operation(
    "subtract",
    ["subtract", "subtract_numbers", "difference"],
    "(Subtract the second number from the first|Difference of two numbers)",
    ["subtract {b} from {a}", "take {b} away from {a}"],
    (a, b) => a - b,
  ),
];
