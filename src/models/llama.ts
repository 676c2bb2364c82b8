/**
 * The llama family (`general.architecture` = "llama"): Llama 2, 3, 3.1, 3.2 and 3.3, Mistral with full
 * attention, TinyLlama, SmolLM2. What a file asks for beyond that is refused by name.
 */

import type { Family } from "./family.ts";
import { buildTransformer } from "./transformer.ts";

/** Converters to GGUF bring the rows of Q and K into the order that pairs neighbours. */
export const llama: Family = { gguf: { ropePairing: "neighbours", headNorm: false }, build: buildTransformer };
