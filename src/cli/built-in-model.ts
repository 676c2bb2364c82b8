/** The model that runs where none is named: a small Llama that calls tools, part of the package. See models/README.md. */

import { resolve } from "node:path";

export const BUILT_IN_MODEL = resolve(import.meta.dirname, "..", "..", "models", "turnwise-agent.gguf");
