/** Writes docs/cli.md from the commands' option tables. A unit test fails while it is not current. */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { allCommands } from "../src/cli/commands.ts";
import { renderReference } from "../src/cli/reference.ts";

writeFileSync(resolve(import.meta.dirname, "..", "docs", "cli.md"), renderReference(await allCommands()));
