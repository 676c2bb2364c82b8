import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { testFolder } from "../../../test/support/test-folder.ts";
import type { Program } from "../../compile/program.ts";
import type { ModelSource } from "../../models/model-source.ts";
import type { Addon, WeightStoreHandle, WeightStoreOptions } from "../../native/addon-types.ts";
import { encodePackHeader, planPack } from "../../packs/pack-file.ts";
import { PackFolder } from "../../packs/pack-folder.ts";
import { loadWeights, packHeaderOf, type WeightsDemand } from "./load-weights.ts";

const folder = testFolder();
/** Bytes of one vector of 4. */
const BYTES = 4096;

/** A native core whose mapped stores fail at `step`; `alive` are its stores that nobody disposed of. */
function failingCore(step: "open" | "place" | "sum" | "read") {
  const alive = new Set<object>();
  class WeightStore implements Partial<WeightStoreHandle> {
    readonly bytes = BYTES;
    readonly #fails: boolean;

    constructor({ path }: WeightStoreOptions) {
      this.#fails = path !== undefined;
      this.#meet("open");
      alive.add(this);
    }
    openVector(): number {
      this.#meet("place");
      return 0;
    }
    addVector(): number {
      return 0;
    }
    startBlockSums(): void {
      this.#meet("sum");
    }
    blockSums(): Uint32Array {
      this.#meet("read");
      return Uint32Array.of(1, 1);
    }
    dispose(): void {
      alive.delete(this);
    }
    #meet(now: string): void {
      if (this.#fails && now === step) throw new Error("the range is outside the file");
    }
  }
  const weightLayouts = [{ isa: "fake", layout: "fake" }];
  return { addon: { WeightStore, weightLayouts } as unknown as Addon, alive };
}

function demandOf(addon: Addon): WeightsDemand {
  const norm = { kind: "vector", tensor: "norm", length: 4, values: new Float32Array(4), rowOrder: { kind: "source" } };
  return {
    program: { weights: [norm] } as unknown as Program,
    weights: new Map(),
    source: { weightFiles: [], fileBytes: 0, isCurrent: () => true } as unknown as ModelSource,
    modelName: "model",
    quant: "none",
    addon,
    isa: "fake",
    threads: 1,
    onProgress: () => undefined,
  };
}

describe("loadWeights with a pack that goes away after its header was read", () => {
  it.each(["open", "place", "sum", "read"] as const)("packs anew where it fails at %s, and leaks nothing", (step) => {
    const { addon, alive } = failingCore(step);
    const demand = demandOf(addon);
    const header = packHeaderOf(demand, "fake");
    const { fileBytes } = planPack(BYTES);
    const bytes = new Uint8Array(fileBytes);
    bytes.set(encodePackHeader(header, BYTES));
    mkdirSync(folder, { recursive: true });
    writeFileSync(new PackFolder(folder).pathOf("model", "fake", header.key), bytes);
    const warnings: string[] = [];
    const settings = { folder, readOnly: true, maxBytes: 2 ** 30, minBytes: 0 };
    const { store, origin } = loadWeights(demand, settings, (message) => warnings.push(message));
    expect(origin.from).toBe("model");
    expect(warnings).toEqual([expect.stringContaining("the range is outside the file")]);
    expect([...alive]).toEqual([store]);
  });
});
