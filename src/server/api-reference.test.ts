import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PACKAGE_ROOT } from "../base/package-root.ts";
import { updateReference } from "./api-reference.ts";

test("docs/http-api.md is current (npx tsx scripts/generate-http-docs.ts writes it)", () => {
  const document = readFileSync(join(PACKAGE_ROOT, "docs", "http-api.md"), "utf8");
  expect(document).toBe(updateReference(document));
});
