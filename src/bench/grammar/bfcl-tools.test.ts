import { expect, it } from "vitest";
import { toJsonSchema } from "./bfcl-tools.ts";

it("gives BFCL's types the names that JSON Schema has for them", () => {
  const properties = { type: { type: "float" }, any: { type: "any", description: "dict" } };
  expect(toJsonSchema({ type: "dict", properties })).toEqual({
    type: "object",
    properties: { type: { type: "number" }, any: { type: "string", description: "dict" } },
  });
});

it("puts what the items of a list may be where the items are", () => {
  const listed = { type: "array", items: { type: "string" }, enum: ["trust", "usage"] };
  expect(toJsonSchema(listed)).toEqual({ type: "array", items: { type: "string", enum: ["trust", "usage"] } });
  const whole = { type: "array", items: { type: "string" }, enum: [["trust"], []] };
  expect(toJsonSchema(whole)).toEqual(whole);
});
