/** What scripts/test-numa.mjs runs inside its machine: prints one line, REPORT and JSON. */

import { spawn, spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

const PROGRAM = "/app/dist/program/main.js";
const PROMPT = ["--temperature", "0", "--max-tokens", "16", "--json", "--prompt", "What is the weather in Paris?"];
const BENCH = ["bench", "--synthetic", "smollm2-135m:q4_0", "--cases", "decode", "--rounds", "1", "--json"];
const SAMPLE_MS = 500;

function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`turnwise ${args.join(" ")} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** By the policy of the memory that they are in, how many pages lie on each node. */
function pagesByPolicy(pid) {
  const pages = {};
  for (const line of readFileSync(`/proc/${pid}/numa_maps`, "utf8").split("\n")) {
    const [, policy = "default"] = line.split(" ");
    if (policy === "default") continue;
    pages[policy] ??= {};
    for (const [, node, count] of line.matchAll(/ N(\d+)=(\d+)/g)) {
      pages[policy][node] = (pages[policy][node] ?? 0) + Number(count);
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

/** Of a process that decodes: once its KV cache has pages, its weights are where they stay. */
async function placement() {
  const child = spawn(process.execPath, [PROGRAM, ...BENCH], { stdio: "ignore" });
  let last = null;
  const timer = setInterval(() => {
    try {
      const pages = pagesByPolicy(child.pid);
      const isDecoding = Object.entries(pages).some(
        ([policy, on]) => policy.startsWith("interleave") && (on[1] ?? 0) > 0,
      );
      if (isDecoding) last = { pages, threads: threadsByCpus(child.pid) };
    } catch {
      // A thread, or the process, has ended meanwhile.
    }
  }, SAMPLE_MS);
  await new Promise((done) => child.once("close", done));
  clearInterval(timer);
  return last;
}

try {
  const { numaNodes, cores } = run("doctor", "--json");
  const texts = ["auto", "1", "3", "node"].map((threads) => run("run", "--threads", threads, ...PROMPT).text);
  console.log(`REPORT ${JSON.stringify({ numaNodes, cores, texts, placement: await placement() })}`);
} catch (thrown) {
  console.log(`REPORT ${JSON.stringify({ problem: thrown.message })}`);
}
