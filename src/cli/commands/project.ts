/** `turnwise project`: what a model would do on an Arm server that is not at hand. */

import { fail } from "../../base/errors.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { ARM_CHIPS } from "../../cost/arm-chips.ts";
import { ADD_SECONDS, type BarrierCost, barrierCost, GROUP_THREADS } from "../../cost/barrier-cost.ts";
import { LLAMA_CPP_BASIS, LLAMA_CPP_ON_GRAVITON4, fitEfficiency, leaveOneOut } from "../../cost/fit-efficiency.ts";
import { projectSpeed } from "../../cost/project-speed.ts";
import { PROJECTED_QUANTS, projectedModel } from "../../cost/projected-model.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { parseShapeAndQuant, shapeAndQuantHelp } from "../synthetic-model.ts";
import { writeJson, writeText } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const PROMPT_TOKENS = 512;

const PROJECT_OPTIONS = {
  cpu: {
    type: { kind: "choice", choices: ["graviton3", "graviton4", "graviton5"] },
    default: "graviton4",
    env: null,
    help: "The server",
  },
  model: {
    type: { kind: "string", placeholder: "SHAPE:QUANT" },
    default: "llama-3.1-8b:q4_0",
    env: null,
    help: "The model; see above for the names",
  },
  threads: { type: { kind: "integer", min: 1, max: 1024 }, default: 16, env: null, help: "Cores that are used" },
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

const percent = (share: number): string => `${share < 0 ? "-" : "+"}${Math.abs(share * 100).toFixed(0)} %`;

const milliseconds = (seconds: number): string => `${(seconds * 1000).toFixed(2)} ms`;

/** What the speeds above leave out. */
function barrierText({ stages, adds, secondsPerStep, ungroupedSecondsPerStep }: BarrierCost): string {
  if (adds === 0) return "";
  return (
    `Barriers, not in it: ${milliseconds(secondsPerStep)} a step, if an add to a line of another core takes ${ADD_SECONDS * 1e9} ns:\n` +
    `${stages} stages, ${adds} adds one after the other in groups of ${GROUP_THREADS} threads; ` +
    `${milliseconds(ungroupedSecondsPerStep)} at one counter\n`
  );
}

export const PROJECT = defineCommand({
  name: "project",
  summary: "Project a model's speed on an Arm server, from modelled loops",
  details:
    "Nothing is measured: llvm-mca's rates of the kernels' loops (docs/performance.md), published figures of the chip,\n" +
    "and constants fitted to llama.cpp's published speeds on a c8g.4xlarge. The error of each of its points under\n" +
    "a fit of the others is shown. Barriers between a step's stages are modelled apart, by counted adds to shared cache lines\n" +
    "and an assumed time for each. Layers of int4-g32 to int8-g128 are groups as GPTQ and AWQ checkpoints have them, with embedding\n" +
    `and head as Q8_0. ${shapeAndQuantHelp(PROJECTED_QUANTS)}`,
  arguments: {},
  groups: { Projection: PROJECT_OPTIONS },
  examples: ["turnwise project --cpu graviton4 --model llama-3.1-8b:q4_0 --threads 64"],
  run: async ({ options: { cpu, model: name, threads, json } }, { terminal }) => {
    const chip = ARM_CHIPS[cpu];
    if (threads > chip.cores) {
      fail("invalid_option", { option: "--threads", problem: `${chip.title} has ${chip.cores} cores.` });
    }
    const { shape, quant } = parseShapeAndQuant("--model", name, PROJECTED_QUANTS);
    const efficiency = fitEfficiency(LLAMA_CPP_ON_GRAVITON4, LLAMA_CPP_BASIS);
    const errors = leaveOneOut(LLAMA_CPP_ON_GRAVITON4, LLAMA_CPP_BASIS);
    const projected = projectedModel(shape, quant);
    const cases = projectSpeed(projected, chip, threads, efficiency, PROMPT_TOKENS);
    const barrier = barrierCost(projected, threads);
    if (json) {
      const report = {
        modelled: true,
        cpu,
        model: name,
        threads,
        assumption: chip.assumption,
        cases,
        barrier: { ...barrier, addSeconds: ADD_SECONDS, groupThreads: GROUP_THREADS },
        efficiency,
        errors,
      };
      await writeJson(terminal.stdout, report);
      return EXIT_CODES.ok;
    }
    const speeds = textTable(
      cases.map((each) => [
        each.name,
        `${each.tokensPerSecond.toFixed(1)} tokens/s, modelled`,
        each.memoryShare === 0 ? "" : `${(each.memoryShare * 100).toFixed(0)} % of the time memory`,
      ]),
    );
    const fit = textTable(
      errors.map((error) => [
        `${error.threads} threads`,
        `prefill ${percent(error.prefill)}`,
        `decode ${percent(error.decode)}`,
      ]),
    );
    const assumed = chip.assumption === null ? "" : `Assumed: ${chip.assumption}.\n`;
    await writeText(
      terminal.stdout,
      `${name} on ${chip.title}, ${threads} threads: modelled, not measured\n${speeds}${barrierText(barrier)}` +
        `Error of the model on llama.cpp's published speeds (c8g.4xlarge, 8B Q4_0), each point left out of the fit\n${fit}${assumed}`,
    );
    return EXIT_CODES.ok;
  },
});
