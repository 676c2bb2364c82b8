/** `turnwise doctor`: what this machine offers, which native core is taken and why, and whether it is right. */

import { totalmem } from "node:os";
import { formatBytes } from "../../base/bytes.ts";
import type { OptionTable } from "../../base/option-table.ts";
import { readNumaNodes } from "../../base/numa-nodes.ts";
import { placeThreads } from "../../base/thread-placement.ts";
import { maySpin, readUsableCores } from "../../base/usable-cores.ts";
import type { UsableCores } from "../../base/usable-cores.ts";
import { availableMemoryBytes } from "../../engine/load/available-memory.ts";
import type { CpuInfo } from "../../native/addon-types.ts";
import { readCpuInfo } from "../../native/cpu-info.ts";
import { chooseIsa } from "../../native/isa.ts";
import { type AddonLoad, loadAddon } from "../../native/load-addon.ts";
import { isMusl, packageVersion } from "../../native/native-paths.ts";
import { MBIND_REFUSED } from "../../native/refused-placement.ts";
import { describeStaleCore } from "../../native/stale-core.ts";
import { PackFolder } from "../../packs/pack-folder.ts";
import { EXIT_CODES, defineCommand } from "../command.ts";
import { type KeptFile, listPacks, listSynthetic } from "../kept-files.ts";
import { CACHE_OPTIONS } from "../options/cache-options.ts";
import { PACK_FOLDER_OPTIONS, packFolderOf } from "../options/weight-cache-options.ts";
import { runSelfTest } from "../self-test.ts";
import type { SelfTestResult } from "../self-test.ts";
import { syntheticFolderOf } from "../synthetic-model.ts";
import { writeJson, writeText } from "../terminal.ts";
import { textTable } from "../text-table.ts";

const DOCTOR_OPTIONS = {
  json: { type: { kind: "boolean" }, default: false, env: null, help: "Print one JSON object" },
} as const satisfies OptionTable;

const HOW_TO_BUILD = "turnwise build-native compiles it; it needs g++ or clang++";

/** Features that kernels exist for, or may; the rest of a CPU's list says nothing here. */
const TELLING_FEATURE = /^(avx|amx|fma|f16c|asimd|sve|i8mm|bf16|neon)/;

interface KeptReport {
  readonly folder: string;
  readonly count: number;
  readonly bytes: number;
}

interface DoctorReport {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: Omit<CpuInfo, "architecture">;
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number };
  readonly native: Omit<AddonLoad, "addon"> & {
    readonly isa: string | null;
    readonly stale: string | null;
    /** Linux with musl, for which no core is published. */
    readonly musl: boolean;
  };
  readonly numaNodes: readonly { readonly node: number; readonly cpus: number; readonly physicalCores: number }[];
  /** Whether the system places memory on the first of several nodes; null where there is one, or no native core. */
  readonly numaPlacement: boolean | null;
  /** `quotaCores` is null without a quota. */
  readonly cores: Omit<UsableCores, "quotaCores"> & { readonly quotaCores: number | null };
  /** By default. */
  readonly threads: number;
  /** Whether these threads spin at barriers. */
  readonly spin: boolean;
  /** The packed weights that the next start may use. */
  readonly packs: KeptReport;
  /** Models of random weights that benches have written. */
  readonly synthetic: KeptReport;
  /** Null where there is no native core to compare. */
  readonly selfTest: SelfTestResult | null;
}

export const DOCTOR = defineCommand({
  name: "doctor",
  summary: "Say what this machine offers and whether Turnwise works on it",
  arguments: {},
  groups: { Output: DOCTOR_OPTIONS, Cache: { ...CACHE_OPTIONS, ...PACK_FOLDER_OPTIONS } },
  examples: ["turnwise doctor", "TURNWISE_ISA=scalar turnwise doctor"],
  run: async ({ options }, { terminal }) => {
    const packs = new PackFolder(packFolderOf(options, terminal.env));
    const report = await examine(packs, syntheticFolderOf(terminal.env, options.cacheDir));
    if (options.json) await writeJson(terminal.stdout, report);
    else await writeText(terminal.stdout, renderReport(report));
    return report.selfTest?.passed === false ? EXIT_CODES.failed : EXIT_CODES.ok;
  },
});

async function examine(packs: PackFolder, synthetic: string): Promise<DoctorReport> {
  const load = loadAddon();
  const { addon, ...native } = load;
  const { architecture, ...cpu } = readCpuInfo();
  const cores = readUsableCores();
  const nodes = readNumaNodes();
  const { threads } = placeThreads("auto", { cores, nodes });
  return {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform} ${architecture}`,
    cpu,
    memory: { totalBytes: totalmem(), availableBytes: availableMemoryBytes() },
    native: {
      ...native,
      isa: addon === null ? null : chooseIsa(cpu.isaLevels, undefined),
      stale: describeStaleCore(load),
      musl: isMusl(),
    },
    cores: { ...cores, quotaCores: Number.isFinite(cores.quotaCores) ? cores.quotaCores : null },
    numaPlacement:
      addon === null || nodes[0] === undefined || nodes.length < 2 ? null : addon.canPlacePages(nodes[0].node),
    numaNodes: nodes.map(({ node, cpus, physicalCores }) => ({ node, cpus: cpus.length, physicalCores })),
    threads,
    spin: maySpin(threads, cores),
    packs: keptReport(packs.path, listPacks(packs)),
    synthetic: keptReport(synthetic, listSynthetic(synthetic)),
    selfTest: addon === null ? null : await runSelfTest(),
  };
}

function keptReport(folder: string, files: readonly KeptFile[]): KeptReport {
  return { folder, count: files.length, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
}

const describeKept = ({ count, bytes, folder }: KeptReport): string => `${count} of ${formatBytes(bytes)} in ${folder}`;

function describeCores({ cores: { cpus, physicalCores, quotaCores }, numaNodes, threads, spin }: DoctorReport): string {
  const quota = quotaCores === null ? "" : `, time for ${Number(quotaCores.toFixed(2))} by a cgroup`;
  const waits = spin || threads === 1 ? "" : ", which do not spin";
  const numa = numaNodes.length < 2 ? "" : ` on ${numaNodes.length} NUMA nodes`;
  return `${cpus} usable of ${physicalCores} physical${numa}${quota}; ${threads} ${threads === 1 ? "thread" : "threads"} by default${waits}`;
}

function renderReport(report: DoctorReport): string {
  const { cpu, memory, native, packs, synthetic, selfTest } = report;
  const features = cpu.features.filter((feature) => TELLING_FEATURE.test(feature));
  return textTable([
    ["turnwise", report.version],
    ["node", report.node],
    ["platform", report.platform],
    ["cpu", cpu.model],
    ["features", features.length === 0 ? "unknown without the native core" : features.join(" ")],
    ["cores", describeCores(report)],
    ...(report.numaPlacement === false ? [["", MBIND_REFUSED]] : []),
    ["memory", `${formatBytes(memory.totalBytes)}; this process may still take ${formatBytes(memory.availableBytes)}`],
    [
      "native core",
      native.path === null ? "none: the interpreter runs models, slowly" : `${native.path} (${native.origin})`,
    ],
    ...(native.stale === null ? [] : [["", native.stale]]),
    ...native.tried.map(({ candidate, reason }) => ["", `not ${candidate}: ${reason}`]),
    ...(native.path === null
      ? [["", `${native.musl ? "there is none ready-made for musl; " : ""}${HOW_TO_BUILD}`]]
      : []),
    ["isa levels", native.isa === null ? "none" : `${cpu.isaLevels.join(", ")}; ${native.isa} is used`],
    ["packed weights", describeKept(packs)],
    ...(synthetic.count === 0 ? [] : [["bench models", describeKept(synthetic)]]),
    ["self-test", describeSelfTest(selfTest)],
  ]);
}

function describeSelfTest(result: SelfTestResult | null): string {
  if (result === null) return "not run: there is no native core to compare with the interpreter";
  const differences = Object.entries(result.differences).map(([quant, value]) => `${quant} ${value.toExponential(1)}`);
  const verdict = result.passed ? "passed" : "FAILED; please report this with the lines above";
  return `${verdict} (native core against interpreter, mean difference of a log-probability: ${differences.join(", ")})`;
}
