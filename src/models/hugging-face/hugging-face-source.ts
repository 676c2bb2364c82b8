/**
 * A Hugging Face directory as a model source: config.json, safetensors, tokenizer.json and what is beside
 * them. Names of weights are brought to the canonical ones here and nowhere else.
 */

import { fail } from "../../base/errors.ts";
import type { OpenByteSource } from "../../formats/byte-source.ts";
import { floatsOf } from "../../formats/group-quant/packed-words.ts";
import type { SafetensorsModel, SafetensorsTensor } from "../../formats/safetensors/model.ts";
import type { StoredWeight } from "../../formats/stored-weight.ts";
import { type ReadTokenizer, readTokenizerFiles } from "../../text/tokenizer/hugging-face/read-tokenizer.ts";
import type { ModelSource } from "../model-source.ts";
import { specFromConfig, type WeightFacts } from "./config-spec.ts";
import type { JsonFields } from "./json-file.ts";
import { type ModelDirectory, modelDirectory } from "./model-directory.ts";
import { type Quantization, readQuantization } from "./quantization.ts";
import { QUANTIZED_SUFFIXES, quantizedWeight } from "./quantized-weight.ts";
import { FLOAT_DTYPES, type TensorReader, tensorReader } from "./tensor-reader.ts";
import { moduleOfWeight, weightOfModule } from "./weight-names.ts";

const EMBEDDING = "model.embed_tokens";
const HEAD = "lm_head";

/** Throws what is wrong with the files; then nothing stays open. */
export function huggingFaceSource(path: string, open: OpenByteSource): ModelSource {
  const directory = modelDirectory(path, open);
  const config = directory.json("config.json");
  const weights = directory.openWeights();
  try {
    return new HuggingFaceSource(directory, config, weights);
  } catch (error) {
    weights.dispose();
    throw error;
  }
}

class HuggingFaceSource implements ModelSource {
  readonly path: string;
  readonly name = null;
  readonly randomWeights = false;
  readonly fileBytes: number;
  readonly weightNames: readonly string[];
  readonly weightFiles: readonly string[];
  readonly #directory: ModelDirectory;
  readonly #config: JsonFields;
  readonly #model: SafetensorsModel;
  readonly #tensors: TensorReader;
  readonly #facts: WeightFacts;
  readonly #quantization: Quantization;
  /** Planning a quantised weight looks at all of its scales where those are not F16. */
  readonly #weights = new Map<string, StoredWeight | null>();
  #tokenizer: ReadTokenizer | null = null;

  constructor(directory: ModelDirectory, config: JsonFields, model: SafetensorsModel) {
    this.path = directory.path;
    this.#directory = directory;
    this.#config = config;
    this.#model = model;
    this.#tensors = tensorReader(model.tensors);
    const older = directory.findJson("quantize_config.json");
    this.#quantization = readQuantization(config, older, model.tensors.values());
    this.#facts = weightFacts(config, model.tensors);
    this.weightNames = weightNames(model.tensors, this.#facts);
    this.fileBytes = model.fileBytes;
    this.weightFiles = [...new Set([...model.tensors.values()].map((tensor) => tensor.path))];
  }

  get weightReading(): string {
    return JSON.stringify(this.#quantization);
  }

  get parameters(): number {
    return this.weightNames.reduce((sum, name) => sum + (this.weight(name)?.elements ?? 0), 0);
  }

  get chatTemplate(): string | null {
    // A model without a tokeniser is refused where its vocabulary is asked for.
    return this.#directory.findBytes("tokenizer.json") === null ? null : this.#readTokenizer().chatTemplate;
  }

  spec(): ReturnType<ModelSource["spec"]> {
    return specFromConfig(this.#config, this.#facts);
  }

  vocabulary(): ReturnType<ModelSource["vocabulary"]> {
    return this.#readTokenizer().vocabulary;
  }

  weight(name: string): StoredWeight | null {
    const known = this.#weights.get(name);
    if (known !== undefined) return known;
    const weight = this.#findWeight(name);
    this.#weights.set(name, weight);
    return weight;
  }

  #findWeight(name: string): StoredWeight | null {
    const { module, part } = this.#place(name);
    const quantized = part === "weight" ? quantizedWeight(module, this.#quantization, this.#tensors) : null;
    if (quantized !== null) return quantized;
    const tensor = this.#model.tensors.get(`${module}.${part}`);
    return tensor === undefined ? null : plainWeight(tensor);
  }

  tensorName(name: string): string {
    const { module, part } = this.#place(name);
    return part === "" ? module : `${module}.${part}`;
  }

  shapeText(shape: readonly number[]): string {
    return `[${shape.join(", ")}]`;
  }

  isCurrent(): boolean {
    return this.#model.isCurrent();
  }

  dispose(): void {
    this.#model.dispose();
  }

  /** A name that no table has is the checkpoint's own. */
  #place(name: string): { readonly module: string; readonly part: string } {
    const place = moduleOfWeight(name) ?? { module: name, part: "" };
    // Writers of tied models keep one of the two matrices, under either name.
    const isMoved = this.#facts.tiedHead && place.module === EMBEDDING && !this.#tensors.has(`${EMBEDDING}.weight`);
    return isMoved ? { ...place, module: HEAD } : place;
  }

  #readTokenizer(): ReadTokenizer {
    const template = this.#directory.findBytes("chat_template.jinja");
    this.#tokenizer ??= readTokenizerFiles({
      tokenizer: this.#directory.bytes("tokenizer.json"),
      config: this.#directory.findBytes("tokenizer_config.json"),
      generationConfig: this.#directory.findBytes("generation_config.json"),
      chatTemplate: template === null ? null : new TextDecoder().decode(template),
      vocabSize: this.spec().vocabSize,
    });
    return this.#tokenizer;
  }
}

function plainWeight(tensor: SafetensorsTensor): StoredWeight {
  const { dtype, path, name, shape, elements } = tensor;
  const type = FLOAT_DTYPES.find((known) => known === dtype);
  if (type === undefined) {
    fail("tensor_type_unsupported", {
      path,
      tensor: name,
      type: dtype,
      hint: `Accepted: ${FLOAT_DTYPES.join(", ")}, and the integers of GPTQ, AWQ and compressed-tensors.`,
    });
  }
  return {
    encoding: { kind: "ggml", type },
    shape,
    elements,
    parts: [{ role: "data", view: () => tensor.view() }],
    columnOrder: null,
  };
}

type Tensors = ReadonlyMap<string, SafetensorsTensor>;

function weightFacts(config: JsonFields, tensors: Tensors): WeightFacts {
  const isThere = (name: string): boolean => tensors.has(name) && !isZeroBias(tensors.get(name));
  const layer = "model.layers.0.self_attn";
  const heads = ["weight", "qweight", "weight_packed"].map((suffix) => `${HEAD}.${suffix}`);
  return {
    tiedHead: config.findBool("tie_word_embeddings") === true || !heads.some((name) => tensors.has(name)),
    qkvBias: isThere(`${layer}.q_proj.bias`),
    attentionOutputBias: isThere(`${layer}.o_proj.bias`),
  };
}

/** GPTQ's writers add biases of zeros to models that have none. */
function isZeroBias(tensor: SafetensorsTensor | undefined): boolean {
  const isFloat = tensor !== undefined && FLOAT_DTYPES.some((dtype) => dtype === tensor.dtype);
  return isFloat && tensor.name.endsWith(".bias") && floatsOf(tensor).every((value) => value === 0);
}

/** Buffers that older writers saved; they follow from the configuration. */
const BUFFER = /\.rotary_emb\.inv_freq$/;

/** How compressed-tensors' static W8A8 rounds a weight's input; kernels here round each input by what is in it. */
function isInputScale(name: string, tensors: Tensors): boolean {
  const module = /^(?<module>.+)\.input_(?:scale|zero_point)$/.exec(name)?.groups?.["module"];
  return module !== undefined && tensors.has(`${module}.weight_scale`);
}

/** Canonical names of all weights; what no table knows keeps its own name, for the binder to refuse. */
function weightNames(tensors: Tensors, { tiedHead }: WeightFacts): readonly string[] {
  const names = new Set<string>();
  for (const tensor of tensors.values()) {
    if (BUFFER.test(tensor.name) || isZeroBias(tensor) || isInputScale(tensor.name, tensors)) continue;
    const { module, part } = splitName(tensor.name);
    // The head of a tied model is its embedding.
    const canonical =
      tiedHead && module === HEAD ? weightOfModule(EMBEDDING, "weight") : part && weightOfModule(module, part);
    names.add(canonical ?? tensor.name);
  }
  return [...names];
}

/** "model.norm.weight" -> { module: "model.norm", part: "weight" }; a part of a quantised weight counts as "weight". */
function splitName(name: string): { readonly module: string; readonly part: "weight" | "bias" | null } {
  const end = name.lastIndexOf(".");
  const module = name.slice(0, end);
  const suffix = name.slice(end + 1);
  if (suffix === "weight" || suffix === "bias") return { module, part: suffix };
  const isPart = QUANTIZED_SUFFIXES.some((known) => known === suffix);
  return { module, part: isPart ? "weight" : null };
}
