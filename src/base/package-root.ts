/** The package's own folder; the same two levels up from `src/base`, `dist/base` and `dist/program`. */

import { fileURLToPath } from "node:url";

export const PACKAGE_ROOT = fileURLToPath(new URL("../..", import.meta.url));
