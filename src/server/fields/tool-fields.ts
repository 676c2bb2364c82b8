/** What every API asks of a client's tool, whatever it calls the fields. */

import { z } from "zod";

/** OpenAI takes 64 characters and Anthropic 128, neither a dot. Every tool format can read these back from a call. */
export const toolName = z
  .string()
  .regex(/^[\w.-]{1,128}$/, 'expected 1 to 128 of the letters a to z and A to Z, digits, "_", "-" and "."');

/** Arguments are an object: a schema may leave its type out, but not exclude that one. */
export const toolParameters = z.record(z.string(), z.unknown()).superRefine(({ type }, context) => {
  if (type === undefined || type === "object" || (Array.isArray(type) && type.includes("object"))) return;
  context.addIssue({ code: "custom", message: 'expected "object": arguments are one', path: ["type"], input: type });
});
