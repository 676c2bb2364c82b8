import { describe, expect, it } from "vitest";
import { contextKind, textKind, toolsKind } from "./request-kinds.ts";

interface Body {
  readonly messages: readonly { readonly content: string }[];
  readonly tools?: readonly { readonly function: { readonly name: string; readonly parameters: object } }[];
}

const contentOf = (body: object): string => (body as Body).messages[0]?.content ?? "";

describe("request kinds", () => {
  it("send a megabyte of text that JSON has to escape", () => {
    const { name, body } = textKind(1_000_000);
    expect(name).toBe("1.0 MB of text");
    const content = contentOf(body(1));
    expect(Buffer.byteLength(content)).toBeGreaterThanOrEqual(1_000_000);
    expect(Buffer.byteLength(content)).toBeLessThan(1_010_000);
    expect(JSON.stringify(content).length).toBeGreaterThan(content.length + 1000);
    expect(contentOf(body(2))).not.toBe(content);
  });

  it("fill a context with one text, but for its end", () => {
    const { body } = contextKind(100);
    const [first, second] = [contentOf(body(1)), contentOf(body(2))];
    expect(first.split(" ").length).toBe(101);
    expect(first.slice(0, -2)).toBe(second.slice(0, -2));
    expect(first).not.toBe(second);
  });

  it("bring 20 tools, the last of them a new one", () => {
    const { name, body } = toolsKind();
    expect(name).toBe("20 tools");
    const [first = [], second = []] = [1, 2].map((index) => (body(index) as Body).tools ?? []);
    expect(first).toHaveLength(20);
    expect(new Set(first.map((tool) => tool.function.name)).size).toBe(20);
    expect(first.slice(0, 19)).toEqual(second.slice(0, 19));
    expect(first[19]?.function.name).not.toBe(second[19]?.function.name);
    expect(first[19]?.function.parameters).toEqual(second[19]?.function.parameters);
  });
});
