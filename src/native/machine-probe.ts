/** The limits of this machine as a bench sees them: one probe for each run, measured in between its cases. */

import type { Addon, MachineProbeHandle } from "./addon-types.ts";
import { chooseIsa } from "./isa.ts";
import { requireAddon } from "./load-addon.ts";
import { nativeCall } from "./native-call.ts";

export interface MachineProbe extends MachineProbeHandle {
  readonly isa: string;
}

export interface MachineProbeSettings {
  readonly threads: number;
  /** Size of the block that is read. */
  readonly bytes: number;
  /** As for an executor: overrides TURNWISE_ISA and the best level. */
  readonly isa?: string;
  readonly addon?: Addon;
}

const HANDLE = "The machine probe";

/** Throws `native_missing`, `isa_unsupported`, `native_failed`. */
export function createMachineProbe({ threads, bytes, isa: asked, addon }: MachineProbeSettings): MachineProbe {
  const core = addon ?? requireAddon();
  const isa = chooseIsa(core.cpuInfo().isaLevels, asked);
  const handle = nativeCall(HANDLE, "MachineProbe", () => new core.MachineProbe({ isa, threads, bytes }));
  return {
    isa,
    readBandwidth: () => nativeCall(HANDLE, "readBandwidth", () => handle.readBandwidth()),
    int8Rate: () => nativeCall(HANDLE, "int8Rate", () => handle.int8Rate()),
    dispose: () => handle.dispose(),
  };
}
