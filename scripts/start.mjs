/** `npm start`: runs the built program, or says how to build it. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const program = resolve(import.meta.dirname, "..", "dist", "program", "main.js");

if (existsSync(program)) {
  process.argv.splice(2, 0, "start");
  await import(pathToFileURL(program).href);
} else {
  console.error("turnwise: it is not built yet (dist/program/main.js is missing).");
  console.error("  npm install builds it; where that was skipped or failed, npm run build does and says why.");
  process.exitCode = 1;
}
