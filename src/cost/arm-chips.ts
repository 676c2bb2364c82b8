/** Arm servers that can be projected: published figures of their cores and memory, not measurements. */

/** Cores that `npm run arm:model` models. */
export type ArmCore = "neoverse-v1" | "neoverse-v2";

export interface ArmChip {
  readonly title: string;
  /** Whose modelled loops are used. */
  readonly core: ArmCore;
  readonly cores: number;
  readonly hertz: number;
  /** Peak of one socket's memory. */
  readonly bytesPerSecond: number;
  /** What about it is assumed, or null. */
  readonly assumption: string | null;
}

/** Channels of 8 bytes at so many million transfers a second. */
const ddr5 = (channels: number, megaTransfers: number): number => channels * 8 * megaTransfers * 1e6;

/** Cores, clocks and memory: AWS, aws-graviton-getting-started; Graviton3's memory: WikiChip. */
export const ARM_CHIPS = {
  graviton3: {
    title: "AWS Graviton3",
    core: "neoverse-v1",
    cores: 64,
    hertz: 2.6e9,
    bytesPerSecond: ddr5(8, 4800),
    assumption: null,
  },
  graviton4: {
    title: "AWS Graviton4",
    core: "neoverse-v2",
    cores: 96,
    hertz: 2.8e9,
    bytesPerSecond: ddr5(12, 5600),
    assumption: null,
  },
  graviton5: {
    title: "AWS Graviton5",
    core: "neoverse-v2",
    cores: 192,
    hertz: 3.3e9,
    bytesPerSecond: ddr5(12, 8800),
    assumption: "loops as on Neoverse V2 and DDR5-8800 memory are assumed; it has two NUMA nodes, which are left out",
  },
} as const satisfies Readonly<Record<string, ArmChip>>;
