/** Options of the scripts that `npm run` starts: `--help` prints what stands at a script's head, as this does here. */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/**
 * parseArgs for the script that was started. `--help` prints the comment that its file begins with and ends the process;
 * what is not among `config`'s options is named in one line, and the process ends with 2.
 */
export function scriptOptions(config) {
  const parsed = parsedOrRefused({ ...config, options: { ...config.options, help: { type: "boolean", short: "h" } } });
  if (parsed.values.help === true) {
    console.log(headOf(process.argv[1]));
    process.exit(0);
  }
  return parsed;
}

function parsedOrRefused(config) {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!String(error.code).startsWith("ERR_PARSE_ARGS")) throw error;
    return refuseUsage(error.message.split(". ")[0]);
  }
}

/** Ends the process with 2. */
export function refuseUsage(reason) {
  console.error(`${reason}; --help says what there is`);
  process.exit(2);
}

function headOf(path) {
  const [, comment = ""] = /\/\*\*(.*?)\*\//s.exec(readFileSync(path, "utf8")) ?? [];
  return comment.replaceAll(/^ \* ?/gm, "").trim();
}
