/** Whether a checkpoint could run, by its config.json alone: before its weights are fetched. */

import { openFileSource } from "../../formats/file-source.ts";
import { specFromConfig } from "./config-spec.ts";
import { readJsonFields } from "./json-file.ts";
import { readQuantization } from "./quantization.ts";

/** Throws as `ModelSource.spec`, and `model_feature_unsupported` for a quantisation that is not known. */
export function requireRunnableConfig(path: string): void {
  const source = openFileSource(path);
  try {
    const config = readJsonFields(source, "config.json");
    readQuantization(config, null);
    // What the weights will say changes nothing here.
    specFromConfig(config, { tiedHead: false, qkvBias: false, attentionOutputBias: false });
  } finally {
    source.dispose();
  }
}
