import { describe, expect, test } from "vitest";
import { defaultThreads, maySpin, readUsableCores } from "./usable-cores.ts";

type Files = Readonly<Record<string, string>>;
const cores = (files: Files): unknown =>
  readUsableCores(
    (path) => files[path] ?? null,
    () => 7,
  );

/** CPU n and n + half are threads of one core, as x86 servers number them. */
function topology(cpus: number): Files {
  const half = cpus / 2;
  return Object.fromEntries(
    Array.from({ length: cpus }, (_, cpu) => [
      `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`,
      `${cpu % half},${(cpu % half) + half}\n`,
    ]),
  );
}

const status = (list: string): Files => ({ "/proc/self/status": `Name:\tnode\nCpus_allowed_list:\t${list}\nX: 1\n` });

test.each([
  ["0-7", 8, 4],
  ["0-3", 4, 4],
  ["0,4", 2, 1],
  ["0-1,4-5,7", 5, 3],
  ["6", 1, 1],
])("affinity %s on 4 cores of 2 threads", (list, cpus, physicalCores) => {
  expect(cores({ ...status(list), ...topology(8) })).toEqual({ cpus, physicalCores, quotaCores: Infinity });
});

test("CPUs of unknown topology are cores; without Linux's files Node's word stands", () => {
  expect(cores(status("2-3"))).toEqual({ cpus: 2, physicalCores: 2, quotaCores: Infinity });
  expect(cores({})).toEqual({ cpus: 7, physicalCores: 7, quotaCores: Infinity });
});

describe("threads", () => {
  test.each([
    { cpus: 8, physicalCores: 4, quotaCores: Infinity, threads: 4, spins: true },
    { cpus: 4, physicalCores: 4, quotaCores: 2, threads: 2, spins: true },
    { cpus: 4, physicalCores: 4, quotaCores: 2.5, threads: 2, spins: false },
    { cpus: 4, physicalCores: 2, quotaCores: 8.5, threads: 2, spins: true },
    { cpus: 2, physicalCores: 2, quotaCores: 0.5, threads: 1, spins: false },
    { cpus: 1, physicalCores: 1, quotaCores: Infinity, threads: 1, spins: true },
  ])("$cpus CPUs, $physicalCores cores, quota $quotaCores: $threads, spinning $spins", (row) => {
    expect(defaultThreads(row)).toBe(row.threads);
    expect(maySpin(row.threads, row)).toBe(row.spins);
  });

  test("more threads than CPUs do not spin", () => {
    expect(maySpin(3, { cpus: 2, physicalCores: 2, quotaCores: Infinity })).toBe(false);
  });
});

test("this machine has a core", () => {
  const { cpus, physicalCores, quotaCores } = readUsableCores();
  expect(cpus).toBeGreaterThanOrEqual(physicalCores);
  expect(physicalCores).toBeGreaterThanOrEqual(1);
  expect(quotaCores).toBeGreaterThan(0);
});
