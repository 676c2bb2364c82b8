/**
 * A model as the layers above see it, wherever it comes from: its spec, its vocabulary, its weights by the
 * names that graph builders use. Interfaces only; `open-model.ts` chooses what implements them.
 *
 * Those canonical names are GGUF's ("blk.0.attn_q.weight"). A source of other names has one table.
 */

import type { StoredWeight } from "../formats/stored-weight.ts";
import type { VocabularyData } from "../text/tokenizer/types.ts";
import type { ModelSpec } from "./model-spec.ts";

/** What a tokeniser and a chat template are made of. */
export interface ModelText {
  /** Jinja, or null. */
  readonly chatTemplate: string | null;
  /** Throws `tokenizer_unsupported`, and as `ModelSource.spec` for broken metadata. */
  vocabulary(): VocabularyData;
  /** Closes its files. What was read stays usable; views of weights do not. */
  dispose(): void;
}

export interface ModelSource extends ModelText {
  /** As opened; for messages. */
  readonly path: string;
  /** What its makers call it, or null. */
  readonly name: string | null;
  /** Its weights are random; its output means nothing. */
  readonly randomWeights: boolean;
  readonly parameters: number;
  /** Paths of the files that hold its weights. */
  readonly weightFiles: readonly string[];
  /**
   * What files beside those say of how they are read, as a stable text: how a checkpoint was quantised. Empty where they
   * say it themselves.
   */
  readonly weightReading: string;
  /** Bytes of all its files. */
  readonly fileBytes: number;
  /** As `ByteSource.isCurrent`, of the files that hold its weights: what their paths lead to is what is read here. */
  isCurrent(): boolean;
  /** Canonical names of all weights that a graph must use; what the spec has read is not among them. */
  readonly weightNames: readonly string[];
  /**
   * What the model is. Throws `architecture_unsupported`, `metadata_missing`, `metadata_invalid` and
   * `model_feature_unsupported`.
   */
  spec(): ModelSpec;
  /** Null where there is none of that name. Throws `tensor_type_unsupported`. */
  weight(name: string): StoredWeight | null;
  /** The source's own name of a weight; for messages. */
  tensorName(name: string): string;
  /** A shape, outer dimension first, as the source's own tools print it; for messages. */
  shapeText(shape: readonly number[]): string;
}
