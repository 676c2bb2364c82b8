import { describe, expect, it } from "vitest";
import { ROUTES } from "../../src/server/routes.ts";
import { scriptedServer } from "./support/test-server.ts";

interface Operation {
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string }[];
  readonly requestBody?: {
    readonly content: { readonly "application/json": { readonly schema: Schema } };
  };
}
interface Schema {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

async function document(): Promise<Document> {
  return (await (await scriptedServer().get("/openapi.json")).json()) as Document;
}

describe("GET /openapi.json", () => {
  it("has every route once", async () => {
    const { openapi, paths } = await document();
    expect(openapi).toBe("3.1.0");
    const operations = Object.values(paths).flatMap((methods) => Object.keys(methods));
    expect(operations).toHaveLength(ROUTES.length);
    expect(paths["/v1/models/{id}"]?.["get"]?.parameters).toMatchObject([{ name: "id", in: "path", required: true }]);
    expect(paths["/health"]?.["get"]?.security).toBeUndefined();
    expect(paths["/v1/models"]?.["get"]?.security).toHaveLength(2);
  });

  it("has the parameters that lists are asked for by", async () => {
    const { paths } = await document();
    const limit = {
      name: "limit",
      in: "query",
      required: false,
      schema: { type: "integer", minimum: 1, maximum: 100, default: 20 },
    };
    const after = { name: "after", in: "query", required: false, schema: { type: "string" } };
    expect(paths["/v1/sessions"]?.["get"]?.parameters).toMatchObject([limit, after]);
    const order = { name: "order", in: "query", schema: { enum: ["asc", "desc"], default: "desc" } };
    const id = { name: "id", in: "path", required: true };
    expect(paths["/v1/responses/{id}/input_items"]?.["get"]?.parameters).toMatchObject([id, limit, after, order]);
  });

  it("describes each field of a body, by the schema that checks it", async () => {
    const { paths } = await document();
    const schema = paths["/v1/messages"]?.["post"]?.requestBody?.content["application/json"].schema;
    expect(schema?.required.toSorted()).toEqual(["max_tokens", "messages", "model"]);
    expect(schema?.properties["max_tokens"]).toMatchObject({ type: "integer", minimum: 1 });
    expect(schema?.properties["metadata"]?.["description"]).toMatch(/^Accepted and ignored/);
    expect(schema?.properties["container"]?.["description"]).toMatch(/^Refused/);
  });

  it("refers only to what it defines", async () => {
    const text = JSON.stringify(await document());
    const { components } = JSON.parse(text) as Document;
    const names = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? "");
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(components.schemas).toHaveProperty(name);
  });
});

it("GET /docs is one page that loads nothing and names every route", async () => {
  const response = await scriptedServer().get("/docs");
  expect(response.headers.get("content-type")).toMatch(/^text\/html/);
  const page = await response.text();
  expect(page).not.toMatch(/<script|<link|src=|url\(|https?:/);
  for (const { method, path } of ROUTES) expect(page).toContain(`${method} ${path.replace(/:(\w+)(\{.*\})?/, "{$1}")}`);
});

it("GET /docs says which key a route asks for", async () => {
  const page = await (await scriptedServer().get("/docs")).text();
  const cells = page.split(/<\/?t[dhr][^>]*>/).filter((cell) => cell !== "");
  const keyOf = (route: string): string | undefined => cells[cells.indexOf(route) + 2];
  expect(["GET /health", "GET /v1/models", "POST /drain"].map(keyOf)).toEqual(["no", "yes", "admin"]);
});

it("GET / leads to it", async () => {
  const response = await scriptedServer().get("/");
  expect([response.status, response.headers.get("location")]).toEqual([302, "/docs"]);
});
