/** A GGUF file as `turnwise inspect` tells it: what is in it, and whether and how it would run. */

import { TurnwiseError } from "../../base/errors.ts";
import type { GgufModel } from "../../formats/gguf/model.ts";
import type { GgufValue } from "../../formats/gguf/value.ts";
import { ggufSource } from "../../models/gguf/gguf-source.ts";
import { metadataJson } from "./metadata-value.ts";
import { type ProgramReport, compileSource, programReport } from "./program-report.ts";

export interface FileReport {
  readonly path: string;
  readonly version: number;
  readonly architecture: string | null;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly tensorBytes: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly {
    readonly name: string;
    readonly type: string;
    /** The file's order: the contiguous dimension first. */
    readonly shape: readonly number[];
    readonly bytes: number;
  }[];
  readonly program: ProgramReport | null;
  /** Why there is no program; null where there is one. */
  readonly cannotRun: string | null;
}

export function fileReport(file: GgufModel): FileReport {
  return {
    path: file.path,
    version: file.version,
    architecture: file.metadata.findString("general.architecture") ?? null,
    parameters: file.parameters,
    fileBytes: file.fileBytes,
    tensorBytes: file.tensorBytes,
    metadata: new Map(file.metadata.entries()),
    tensors: [...file.tensors.values()].map(({ name, type, shape, byteLength }) => ({
      name,
      type,
      shape,
      bytes: byteLength,
    })),
    ...runReport(file),
  };
}

/** A file that cannot run is still worth looking at, so what stands in the way is part of the report. */
function runReport(file: GgufModel): Pick<FileReport, "program" | "cannotRun"> {
  try {
    const source = ggufSource(file);
    return { program: programReport(source, compileSource(source)), cannotRun: null };
  } catch (thrown) {
    if (!(thrown instanceof TurnwiseError) || thrown.class === "InternalError") throw thrown;
    return { program: null, cannotRun: thrown.message };
  }
}

/** The report for `--json`; metadata arrays are abbreviated. */
export function fileReportJson(report: FileReport): unknown {
  const metadata = [...report.metadata].map(([key, value]) => [key, metadataJson(value)] as const);
  return { ...report, metadata: Object.fromEntries(metadata) };
}
