/** Writes the tables of docs/http-api.md from the server's. A unit test fails while they are not current. */

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { updateReference } from "../src/server/api-reference.ts";

const path = resolve(import.meta.dirname, "..", "docs", "http-api.md");
writeFileSync(path, updateReference(readFileSync(path, "utf8")));
