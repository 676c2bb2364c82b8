/** Which of the two forms of a model a path is, without opening it. */

import { statSync } from "node:fs";

/** A Hugging Face directory rather than a GGUF file. */
export function isModelDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
