import { expect, it } from "vitest";
import { checkBinding, isLoopback, urlOf } from "./binding.ts";

it.each([
  ["127.0.0.1", true],
  ["127.1.2.3", true],
  ["::1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["192.168.1.2", false],
  ["127.evil.example", false],
  ["", false],
])("isLoopback(%j) is %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

it("lets a public address only with a key or --insecure", () => {
  expect(() => checkBinding("0.0.0.0", false, false)).toThrow(expect.objectContaining({ code: "unsafe_binding" }));
  expect(() => checkBinding("0.0.0.0", true, false)).not.toThrow();
  expect(() => checkBinding("0.0.0.0", false, true)).not.toThrow();
  expect(() => checkBinding("127.0.0.1", false, false)).not.toThrow();
});

it.each([
  ["127.0.0.1", "http://127.0.0.1:80"],
  ["0.0.0.0", "http://127.0.0.1:80"],
  ["::", "http://[::1]:80"],
  ["::1", "http://[::1]:80"],
  ["example.org", "http://example.org:80"],
])("urlOf(%j)", (host, url) => {
  expect(urlOf(host, 80)).toBe(url);
});
