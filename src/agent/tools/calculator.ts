/** A calculator as a tool. */

import { z } from "zod";
import { type AgentTool, defineTool } from "../tool.ts";
import { evaluateArithmetic } from "./arithmetic.ts";

/** Digits that a sum of decimals is right to. */
const SIGNIFICANT_DIGITS = 12;

export const calculator: AgentTool = defineTool({
  name: "calculator",
  description: "Evaluate an arithmetic expression.",
  input: z.object({ expression: z.string().describe("The expression, such as 12.5 * (3 + 4)") }),
  run({ expression }) {
    const result = evaluateArithmetic(expression);
    if ("problem" in result) return { error: `${expression}: ${result.problem}` };
    return { result: Number(result.value.toPrecision(SIGNIFICANT_DIGITS)) };
  },
});
