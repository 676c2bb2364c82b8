/**
 * `npm run test:numa`: Turnwise on a machine of two NUMA nodes, which qemu emulates: Linux with 4 CPUs and 6 GiB, all of
 * it in memory. Both nodes are found; answers are the same with any number of threads; weights lie on the node whose threads
 * read them, down to the page, KV pages on both in turn, and threads stay on their node's CPUs. Takes some minutes.
 *
 *   node scripts/test-numa.mjs [--kernel FILE] [--verbose]
 *
 *   --kernel FILE   a Linux kernel for x86-64; by default the newest /boot/vmlinuz-*
 *   --verbose       what the machine writes to its console
 *
 * Needs Debian's qemu-system-x86, busybox-static and cpio, and a kernel (linux-image-cloud-amd64). Where one of them is
 * missing nothing is tested, which it says.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { runCommand } from "./run-command.mjs";
import { scriptOptions } from "./script-options.mjs";

const ROOT = resolve(import.meta.dirname, "..");
const CORE = "build/native/turnwise.node";
const LONGEST_MS = 15 * 60_000;
const QEMU = "qemu-system-x86_64";
/** Programs, each with an option that only prints. */
const TOOLS = [
  { tool: QEMU, package: "qemu-system-x86", args: ["--version"] },
  { tool: "busybox", package: "busybox-static", args: ["--help"] },
  { tool: "cpio", package: "cpio", args: ["--version"] },
];
const MACHINE = `-accel tcg -cpu max -smp 4,sockets=2 -m 6G -nic none -nographic -no-reboot
  -object memory-backend-ram,id=m0,size=3G -numa node,nodeid=0,cpus=0-1,memdev=m0
  -object memory-backend-ram,id=m1,size=3G -numa node,nodeid=1,cpus=2-3,memdev=m1`;
const KERNEL_OPTIONS = "console=ttyS0 quiet panic=-1";
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t devtmpfs none /dev
export HOME=/root TURNWISE_CACHE_DIR=/tmp/cache
/bin/node /app/scripts/numa-guest.mjs
/bin/busybox poweroff -f
`;

const { values } = scriptOptions({
  options: { kernel: { type: "string" }, verbose: { type: "boolean", default: false } },
});

function newestKernel() {
  const [newest] = existsSync("/boot")
    ? readdirSync("/boot")
        .filter((name) => name.startsWith("vmlinuz-"))
        .toSorted((a, b) => b.localeCompare(a, undefined, { numeric: true }))
    : [];
  return newest && join("/boot", newest);
}

/** What of the machine is missing, or null. */
function missing(kernel) {
  if (process.arch !== "x64") return "the machine is emulated by the programs of an x86-64 one";
  const tools = TOOLS.filter(({ tool, args }) => spawnSync(tool, args, { stdio: "ignore" }).status !== 0);
  if (tools.length > 0) return `apt-get install ${tools.map((tool) => tool.package).join(" ")}`;
  if (kernel === undefined)
    return "there is no /boot/vmlinuz-*: give --kernel FILE, or apt-get install linux-image-cloud-amd64";
  return ["dist", CORE].every((path) => existsSync(join(ROOT, path))) ? null : "npm run build";
}

/** The machine's file system, as an archive for the kernel. */
function writeInitrd(folder) {
  const root = join(folder, "root");
  for (const name of ["bin", "proc", "sys", "dev", "tmp", "root", "app"])
    mkdirSync(join(root, name), { recursive: true });
  cpSync(runCommand("sh", ["-c", "readlink -f $(command -v busybox)"]).trim(), join(root, "bin/busybox"));
  cpSync(process.execPath, join(root, "bin/node"));
  for (const [, library] of runCommand("ldd", [process.execPath, join(ROOT, CORE)]).matchAll(/(\/\S+\.so\S*)/g)) {
    cpSync(library, join(root, library), { dereference: true });
  }
  const packages = runCommand("npm", ["ls", "--omit=dev", "--all", "--parseable"], { cwd: ROOT })
    .trim()
    .split("\n")
    .slice(1);
  const parts = ["package.json", "dist", "models", "scripts/numa-guest.mjs", "docs/sessions.md", CORE];
  for (const part of [...parts, ...packages.map((path) => relative(ROOT, path))]) {
    mkdirSync(dirname(join(root, "app", part)), { recursive: true });
    cpSync(join(ROOT, part), join(root, "app", part), { recursive: true });
  }
  writeFileSync(join(root, "init"), INIT);
  chmodSync(join(root, "init"), 0o755);
  const initrd = join(folder, "initrd");
  runCommand("sh", ["-c", "find . | cpio -o -H newc --quiet > ../initrd"], { cwd: root });
  return initrd;
}

function runMachine(kernel, initrd) {
  const { stdout, error } = spawnSync(
    QEMU,
    [...MACHINE.split(/\s+/), "-kernel", kernel, "-initrd", initrd, "-append", KERNEL_OPTIONS],
    {
      encoding: "utf8",
      timeout: LONGEST_MS,
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 2 ** 26,
    },
  );
  if (values.verbose) process.stdout.write(stdout ?? "");
  const [, report] = /REPORT (\{.*\})\r?$/m.exec(stdout ?? "") ?? [];
  if (report === undefined)
    throw new Error(`the machine reported nothing (${error?.message ?? "--verbose shows why"})`);
  return JSON.parse(report);
}

/** Each thing that is looked at: its name, and what is wrong with it, if anything. */
function judge({ problem, numaNodes, texts, packed, mapped }) {
  if (problem !== undefined) return [{ name: "the machine's programs", wrong: problem }];
  const [, turns = {}] = Object.entries(packed?.pages ?? {}).find(([kind]) => kind.startsWith("interleave")) ?? [];
  const isEven = turns[0] > 0 && Math.abs(turns[0] - (turns[1] ?? 0)) <= 1;
  const { threads = {} } = packed ?? {};
  const checks = [
    ["two nodes of two CPUs are found", numaNodes.map(({ cpus }) => cpus).join() === "2,2", numaNodes],
    ["the answer is the same with any threads", new Set(texts).size === 1 && texts[0] !== "", texts],
    ["packed weights are on both nodes, each where it is read", areNear(packed, "prefer"), packed],
    ["weights of a pack are on both nodes, each where it is read", areNear(mapped, "pack prefer"), mapped],
    ["KV pages are on both nodes in turn", isEven, turns],
    // One of the four is the thread that asks, which stays free.
    ["threads stay on their node's CPUs", threads["0-1"] === 1 && threads["2-3"] === 2, threads],
  ];
  return checks.map(([name, isRight, found]) => ({ name, wrong: isRight ? null : JSON.stringify(found) }));
}

/** Whether there is memory of this kind for each node, and all of its pages are there. */
function areNear(placement, kind) {
  return [0, 1].every((node) => {
    const pages = placement?.pages[`${kind}:${node}`] ?? {};
    return pages[node] > 0 && Object.values(pages).filter((count) => count > 0).length === 1;
  });
}

const kernel = values.kernel ?? newestKernel();
const obstacle = missing(kernel);
if (obstacle === null) {
  const folder = mkdtempSync(join(tmpdir(), "turnwise-numa-"));
  try {
    const checks = judge(runMachine(kernel, writeInitrd(folder)));
    for (const { name, wrong } of checks) console.log(wrong === null ? `passed  ${name}` : `FAILED  ${name}: ${wrong}`);
    const failed = checks.filter(({ wrong }) => wrong !== null).length;
    console.log(`${checks.length - failed} passed, ${failed} failed`);
    process.exitCode = failed === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
} else {
  console.log(`SKIPPED test:numa, nothing was started: ${obstacle}`);
}
