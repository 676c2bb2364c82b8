/** `turnwise build-native`: compiles the native core on this machine, for this user. */

import { buildAddon } from "../../native/build-addon.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { writeLine } from "../terminal.ts";

export const BUILD_NATIVE = defineCommand({
  name: "build-native",
  summary: "Compile the native core on this machine",
  details:
    "For machines without a ready-made one. Needs g++ or clang++, or the compiler that CXX names, and takes\n" +
    "about a minute; nothing is downloaded. Prints the file's path.",
  arguments: {},
  groups: {},
  examples: ["turnwise build-native", "CXX=clang++ turnwise build-native"],
  run: async (_, { terminal }) => {
    const path = await buildAddon((line) => terminal.stderr.write(`${line}\n`));
    await writeLine(terminal.stdout, path);
    return EXIT_CODES.ok;
  },
});
