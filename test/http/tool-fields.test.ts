/** What tools may be is one thing in all APIs. */

import { describe, expect, it } from "vitest";
import { FakeEngine } from "./support/fake-engine.ts";
import { testServer } from "./support/test-server.ts";

const messages = [{ role: "user", content: "Hi" }];
type Tool = { readonly name: string; readonly schema: object };

/** How each API writes a tool, and the fields that an error names. */
const APIS = [
  {
    path: "/v1/chat/completions",
    body: ({ name, schema }: Tool): object => ({
      messages,
      tools: [{ type: "function", function: { name, parameters: schema } }],
    }),
    nameField: "tools[0].function.name",
    typeField: "tools[0].function.parameters.type",
  },
  {
    path: "/v1/responses",
    body: ({ name, schema }: Tool): object => ({
      input: "Hi",
      tools: [{ type: "function", name, parameters: schema }],
    }),
    nameField: "tools[0].name",
    typeField: "tools[0].parameters.type",
  },
  {
    path: "/v1/messages",
    body: ({ name, schema }: Tool): object => ({
      model: "fake-1b",
      max_tokens: 9,
      messages,
      tools: [{ name, input_schema: schema }],
    }),
    nameField: "tools[0].name",
    typeField: "tools[0].input_schema.type",
  },
] as const;

describe.each(APIS)("a tool of $path", ({ path, body, nameField, typeField }) => {
  const { post } = testServer(new FakeEngine());
  const refusal = async (tool: Tool): Promise<string> => {
    const response = await post(path, body(tool));
    expect(response.status).toBe(400);
    return ((await response.json()) as { error: { message: string } }).error.message;
  };

  it("has a name that every format can read back", async () => {
    const schema = { type: "object" };
    for (const name of ["get_weather", "math.factorial", "a-b", "7", "x".repeat(128)])
      expect((await post(path, body({ name, schema }))).status).toBe(200);
    for (const name of ["", "get weather", 'say"', "naïve", "a\n", "a/b", "x".repeat(129)])
      expect(await refusal({ name, schema })).toMatch(`${nameField}: expected 1 to 128 of the letters`);
  });

  it("has parameters that are an object's", async () => {
    for (const schema of [{}, { type: "object" }, { type: ["object", "null"] }, { properties: {} }])
      expect((await post(path, body({ name: "f", schema }))).status).toBe(200);
    for (const type of ["string", "array", ["string", "null"], [], null, 5])
      expect(await refusal({ name: "f", schema: { type } })).toMatch(`${typeField}: expected "object"`);
  });
});
