/**
 * `npm run test:arm`: the native core on arm64, on a machine that is not one. Cross-compiles the core and its C++ tests,
 * runs the kernels' under qemu on several CPU models and the thread pool's and the runtime's on one, then tests in an arm64
 * Node that loads the core: conformance, golden texts, whole models against llama.cpp; those once more on a core without
 * matrix products. qemu is 20 to 80 times slower than a CPU, so nothing here says how fast anything is.
 *
 *   node scripts/test-arm.mjs [--quick] [--minutes N] [vitest filters]
 *
 * `--quick` is what CI runs. `--minutes` ends it as failed after so long.
 */

import { spawn, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { CROSS_PREFIX, ToolMissingError, requireTools, underQemu, writeNodeWrapper } from "./arm-tools.mjs";
import { buildNativeTest } from "./build-native-test.mjs";
import { buildNative } from "./build-native.mjs";
import { scriptOptions } from "./script-options.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const CORE = join(ROOT, "build", "arm64", "turnwise.node");

/**
 * qemu's CPU models by what is tested on them, and the levels that they run: all features (vectors of SVE, which no
 * kernel uses, as long as Graviton3's and Graviton4's), a core without i8mm, like Graviton2, and one without dot products.
 */
const CPUS = [
  { cpu: "max,sve-default-vector-length=32", levels: "scalar neon-dotprod neon-i8mm" },
  { cpu: "max,sve-default-vector-length=16", levels: "scalar neon-dotprod neon-i8mm" },
  { cpu: "neoverse-n1", levels: "scalar neon-dotprod" },
  { cpu: "cortex-a72", levels: "scalar" },
];

/** Of the C++ tests that need no CPU of a special kind, each program of build-native-test.mjs. */
const PLAIN_TESTS = ["pool_test", "runtime_test"];

/** Whole models on the level that the CPU takes, against llama.cpp: tokens and log-probabilities. */
const MODEL_TESTS = ["test/interop/golden-native"];

/** Of TinyStories-656K in every quantised type, and in GPTQ and AWQ, against the same values in F32. */
const PERPLEXITY_TESTS = ["test/interop/quantised-perplexity", "test/interop/checkpoint-perplexity"];

/**
 * Vitest's runs, one after the other. `cpu` is a model of qemu's whose best level runs, else one with all features. With `--quick`
 * one of each kind; the comparisons of every op with its reference take half an hour and more.
 */
const QUICK_RUNS = [
  {
    name: "tests in an arm64 Node",
    tests: [
      "test/conformance/native-handles",
      "test/conformance/native-sampler",
      "test/conformance/checkpoints",
      "test/golden",
      ...MODEL_TESTS,
    ],
  },
  { name: "models without matrix products", cpu: "neoverse-n1", tests: MODEL_TESTS },
];
const ALL_RUNS = [
  {
    name: "tests in an arm64 Node",
    tests: ["test/conformance", "test/golden", ...MODEL_TESTS, ...PERPLEXITY_TESTS],
  },
  { name: "models without matrix products", cpu: "neoverse-n1", tests: MODEL_TESTS },
];

const { values, positionals } = scriptOptions({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, minutes: { type: "string" } },
});

/** The steps that run, for the end of the time. */
const running = new Set();

function run(name, command, args, env = {}) {
  const beginMs = performance.now();
  console.log(`== ${name}`);
  return new Promise((settle) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", env: { ...process.env, ...env } });
    running.add(child);
    child.on("error", (error) => settle(`${name}: ${error.message}`));
    child.on("close", (code, signal) => {
      running.delete(child);
      console.log(`== ${name}: ${((performance.now() - beginMs) / 1000).toFixed(0)} s`);
      settle(code === 0 ? null : `${name} ended with ${signal ?? code}`);
    });
  });
}

function runVitest({ name, tests, cpu }, node) {
  const args = ["node_modules/vitest/vitest.mjs", "run", "--config", "vitest.arm.config.ts", ...tests];
  const model = cpu === undefined ? {} : { QEMU_CPU: cpu };
  return run(name, process.execPath, args, { TURNWISE_NATIVE: CORE, TURNWISE_ARM_NODE: node, ...model });
}

async function testArm() {
  requireTools();
  const node = writeNodeWrapper();
  await buildNative({ cross: CROSS_PREFIX, out: CORE, log: (line) => console.log(line) });
  const failures = [];
  let passed = 0;
  const note = (failure) => {
    if (failure === null) passed += 1;
    else failures.push(failure);
  };
  const kernelTest = await buildNativeTest("kernel_test", [], { cross: CROSS_PREFIX });
  for (const { cpu, levels } of CPUS) {
    const [command, args] = underQemu(cpu, kernelTest, ["--levels"]);
    const found = spawnSync(command, args, { encoding: "utf8" }).stdout.trim().split("\n").join(" ");
    note(found === levels ? null : `levels on ${cpu} are ${found}, not ${levels}`);
  }
  if (values.quick) {
    // Each level once, two at a time: the scalar one of Node's tests below is this machine's as well.
    const [{ cpu }] = CPUS;
    const runs = ["neon-i8mm", "neon-dotprod"].map((level) =>
      run(`kernel tests of ${level} on ${cpu}`, ...underQemu(cpu, kernelTest, [level])),
    );
    for (const failure of await Promise.all(runs)) note(failure);
  } else {
    for (const { cpu } of CPUS) note(await run(`kernel tests on ${cpu}`, ...underQemu(cpu, kernelTest, [])));
  }
  for (const program of PLAIN_TESTS) {
    const path = await buildNativeTest(program, [], { cross: CROSS_PREFIX });
    note(await run(`${program} on ${CPUS[0].cpu}`, ...underQemu(CPUS[0].cpu, path, [])));
  }
  const runs = values.quick ? QUICK_RUNS : ALL_RUNS;
  for (const each of positionals.length > 0 ? [{ name: "tests in an arm64 Node", tests: positionals }] : runs) {
    note(await runVitest(each, node));
  }
  for (const failure of failures) console.error(`FAILED: ${failure}`);
  // Suites, not tests: `scripts/summarize-tests.mjs` takes the last such line.
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

if (values.minutes !== undefined) {
  const limit = setTimeout(
    () => {
      for (const child of running) child.kill();
      console.log(`FAILED: not done after ${values.minutes} minutes\n0 passed, 1 failed`);
      process.exit(1);
    },
    Number(values.minutes) * 60_000,
  );
  limit.unref();
}
try {
  process.exitCode = await testArm();
} catch (thrown) {
  if (!(thrown instanceof ToolMissingError)) throw thrown;
  console.error(`npm run test:arm: ${thrown.message}`);
  process.exitCode = 1;
}
