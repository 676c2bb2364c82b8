/** What scripts/test-numa.mjs runs inside its machine: prints one line, REPORT and JSON. */

import { spawn, spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

const PROGRAM = "/app/dist/program/main.js";
const PROMPT = ["--temperature", "0", "--max-tokens", "16", "--json", "--prompt", "What is the weather in Paris?"];
const BENCH = ["bench", "--synthetic", "smollm2-135m:q4_0", "--cases", "decode", "--rounds", "1", "--json"];
const SAMPLE_MS = 500;

function turnwise(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`turnwise ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

const turnwiseJson = (...args) => JSON.parse(turnwise(...args));

/** How many pages lie on each node, by the policy of their memory, and apart those of a file of packed weights. */
function pagesByPolicy(pid) {
  const pages = {};
  for (const line of readFileSync(`/proc/${pid}/numa_maps`, "utf8").split("\n")) {
    const [, policy = "default"] = line.split(" ");
    if (policy === "default") continue;
    const kind = line.includes(".twpack") ? `pack ${policy}` : policy;
    pages[kind] ??= {};
    for (const [, node, count] of line.matchAll(/ N(\d+)=(\d+)/g)) {
      pages[kind][node] = (pages[kind][node] ?? 0) + Number(count);
    }
  }
  return pages;
}

/** How many threads may run on each list of CPUs. */
function threadsByCpus(pid) {
  const threads = {};
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    const [, cpus] = /^Cpus_allowed_list:\s+(.*)$/m.exec(status) ?? [];
    threads[cpus] = (threads[cpus] ?? 0) + 1;
  }
  return threads;
}

/** Of a process while it decodes: once its KV cache has pages, its weights are where they stay. */
async function placementOf(...args) {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: "ignore" });
  let last = null;
  const timer = setInterval(() => {
    try {
      const pages = pagesByPolicy(child.pid);
      const isDecoding = Object.entries(pages).some(
        ([policy, on]) => policy.startsWith("interleave") && (on[1] ?? 0) > 0,
      );
      const threads = threadsByCpus(child.pid);
      // At its end the threads are gone before the memory is.
      if (isDecoding && Object.keys(threads).length > 1) last = { pages, threads };
    } catch {
      // A thread, or the process, has ended meanwhile.
    }
  }, SAMPLE_MS);
  await new Promise((done) => child.once("close", done));
  clearInterval(timer);
  return last;
}

/** The model that BENCH has written. */
function modelFile() {
  const folder = `${process.env.TURNWISE_CACHE_DIR}/synthetic`;
  return `${folder}/${readdirSync(folder)[0]}`;
}

try {
  const { numaNodes } = turnwiseJson("doctor", "--json");
  const texts = ["auto", "1", "3", "node"].map((threads) => turnwiseJson("run", "--threads", threads, ...PROMPT).text);
  // BENCH packs weights in memory; what has a pack maps it.
  const packed = await placementOf(...BENCH);
  turnwise("pack", modelFile());
  const mapped = await placementOf("run", modelFile(), "--raw", "--max-tokens", "24", "--prompt", "a b c");
  console.log(`REPORT ${JSON.stringify({ numaNodes, texts, packed, mapped })}`);
} catch (thrown) {
  console.log(`REPORT ${JSON.stringify({ problem: thrown.message })}`);
}
