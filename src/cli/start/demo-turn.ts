/** The turn that `turnwise start` plays: what is asked, and the two tools that answer it. */

import { calculator } from "../../agent/tools/calculator.ts";
import { readFileTool } from "../../agent/tools/read-file.ts";
import type { AgentTool } from "../../agent/tool.ts";

export interface DemoTurn {
  readonly prompt: string;
  readonly tools: readonly AgentTool[];
}

/** `packageFolder` is where Turnwise lies, whose files are there whatever folder it is started in. */
export function demoTurn(packageFolder: string): DemoTurn {
  return {
    // In words that the built-in model was trained on.
    prompt: "Please calculate (19 + 3) * 4.5. Then read docs/sessions.md, the first 1 lines.",
    tools: [calculator, readFileTool(packageFolder)],
  };
}
