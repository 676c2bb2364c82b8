/** A model as `turnwise inspect` tells it: what is in its files, and whether and how it would run. */

import { TurnwiseError } from "../../base/errors.ts";
import { openFileSource } from "../../formats/file-source.ts";
import type { GgufModel } from "../../formats/gguf/model.ts";
import { readGguf } from "../../formats/gguf/read.ts";
import type { GgufValue } from "../../formats/gguf/value.ts";
import { encodedBytes } from "../../formats/stored-weight.ts";
import { ggufSource } from "../../models/gguf/gguf-source.ts";
import type { ModelSource } from "../../models/model-source.ts";
import { isModelDirectory } from "../../models/is-model-directory.ts";
import { openModel } from "../../models/open-model.ts";
import { metadataJson } from "./metadata-value.ts";
import { type ProgramReport, compileSource, programReport } from "./program-report.ts";

export interface FileReport {
  readonly path: string;
  /** "GGUF version 3". */
  readonly format: string;
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

/** A model opened to be looked at. */
export interface InspectedModel {
  readonly source: ModelSource;
  report(): FileReport;
}

export function openInspected(path: string): InspectedModel {
  if (isModelDirectory(path)) {
    const source = openModel(path, openFileSource);
    return { source, report: () => sourceReport(source) };
  }
  const file = readGguf(path, openFileSource);
  return { source: ggufSource(file), report: () => fileReport(file) };
}

function fileReport(file: GgufModel): FileReport {
  return {
    path: file.path,
    format: `GGUF version ${file.version}`,
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
    ...runReport(ggufSource(file)),
  };
}

/** Of what is no GGUF file; `metadata` is empty. */
function sourceReport(source: ModelSource): FileReport {
  const tensors = source.weightNames.map((name) => tensorReport(name, source));
  const run = runReport(source);
  return {
    path: source.path,
    format: "Hugging Face directory",
    architecture: run.program === null ? null : source.spec().architecture,
    parameters: source.parameters,
    fileBytes: source.fileBytes,
    tensorBytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    metadata: new Map(),
    tensors,
    ...run,
  };
}

function tensorReport(name: string, source: ModelSource): FileReport["tensors"][number] {
  const weight = source.weight(name);
  if (weight === null) return { name, type: "unknown", shape: [], bytes: 0 };
  const { encoding, shape, elements } = weight;
  const type = encoding.kind === "ggml" ? encoding.type : encoding.format;
  return { name: source.tensorName(name), type, shape: shape.toReversed(), bytes: encodedBytes(encoding, elements) };
}

/** A file that cannot run is still worth looking at, so what stands in the way is part of the report. */
function runReport(source: ModelSource): Pick<FileReport, "program" | "cannotRun"> {
  try {
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
