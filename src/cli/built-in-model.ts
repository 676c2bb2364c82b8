/** The model that runs where none is named: a small Llama that calls tools, part of the package. See models/README.md. */

import { join } from "node:path";
import { PACKAGE_ROOT } from "../base/package-root.ts";

export const BUILT_IN_MODEL = join(PACKAGE_ROOT, "models", "turnwise-agent.gguf");
