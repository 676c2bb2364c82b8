import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { Tokenizer } from "tokenizers";
import { afterAll, describe, expect, it } from "vitest";
import {
  goldenConfig,
  goldenTensors,
  temporaryFolder,
  writeDirectory,
} from "../../../test/support/checkpoints/write-directory.ts";
import { readForwardGolden } from "../../../test/support/forward-golden.ts";
import { sourceLogits } from "../../../test/support/source-logits.ts";
import { trickyText } from "../../../test/support/tricky-text.ts";
import { memorySource, openFileSource } from "../../formats/file-source.ts";
import { GGML_TYPES } from "../../formats/gguf/ggml-types.ts";
import type { GgufModel } from "../../formats/gguf/model.ts";
import { readGguf } from "../../formats/gguf/read.ts";
import { type GgufValue, ggufValue } from "../../formats/gguf/value.ts";
import { ggufBytes, type GgufContents } from "../../formats/gguf/write.ts";
import { decodeRows, encodeRows } from "../../formats/quant/rows.ts";
import { readSafetensors } from "../../formats/safetensors/read.ts";
import { safetensorsPieces } from "../../formats/safetensors/write.ts";
import { decodeWeightValues } from "../../formats/stored-weight.ts";
import { createTokenizer } from "../../text/tokenizer/create-tokenizer.ts";
import { ggufSource } from "../gguf/gguf-source.ts";
import type { ModelSource } from "../model-source.ts";
import { openModel } from "../open-model.ts";
import { randomModel } from "../random/random-model.ts";
import type { ConvertQuant } from "./convert-quant.ts";
import { directoryContents } from "./directory-contents.ts";
import { ggufContents } from "./gguf-contents.ts";
import { writeModelDirectory } from "./write-directory.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

function opened(contents: GgufContents): GgufModel {
  const bytes = ggufBytes(contents);
  return readGguf("model.gguf", (path) => memorySource(path, bytes));
}

const FILE = opened(randomModel("tiny-wide", "f32", 1));
const GOLDEN = readForwardGolden("qwen3");

function directory(name: string, change: Readonly<Record<string, unknown>> = {}, tensors = goldenTensors(GOLDEN)) {
  const path = join(folder.path, name);
  mkdirSync(path);
  writeDirectory(path, { ...goldenConfig(GOLDEN), ...change }, tensors);
  return path;
}

function rewritten(path: string, name: string, quant: ConvertQuant): string {
  const target = join(folder.path, name);
  const source = openModel(path, openFileSource);
  writeModelDirectory(source, target, quant);
  source.dispose();
  return target;
}

const configIn = (path: string) =>
  JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;

function valuesOf(source: ModelSource, name: string): Float32Array {
  const weight = source.weight(name);
  if (weight === null) throw new TypeError(`no weight ${name}`);
  return decodeWeightValues(weight);
}

/** Arrays of strings are compared by what they hold. */
function plain(value: GgufValue | undefined): unknown {
  return value?.kind === "strings" ? value.values.toArray() : value;
}

describe("a GGUF file", () => {
  it.each([
    ["q8", "Q8_0", 7],
    ["q4-g32", "Q4_0", 2],
    ["f16", "F16", 1],
    ["bf16", "BF16", 32],
  ] as const)("takes matrices as %s and keeps the rest", (quant, type, fileType) => {
    const file = opened(ggufContents(ggufSource(FILE), FILE, quant));
    for (const tensor of FILE.tensors.values()) {
      const own = file.tensors.get(tensor.name);
      const isOuter = /^(?:token_embd|output)\./.test(tensor.name);
      const expected = tensor.rows === 1 ? "F32" : quant === "q4-g32" && isOuter ? "Q8_0" : type;
      expect(own?.type, tensor.name).toBe(expected);
      const values = decodeRows(tensor.typeId, tensor.view(), tensor.elements);
      expect(Buffer.compare(own?.view() ?? new Uint8Array(), encodeRows(GGML_TYPES[expected].id, values))).toBe(0);
    }
    expect(file.metadata.getUint("general.file_type")).toBe(fileType);
    for (const [key, value] of FILE.metadata.entries()) {
      expect(plain(file.metadata.get(key)), key).toEqual(plain(value));
    }
  });

  it("keeps quantised matrices as they are unless it is told to decode them", () => {
    const small = opened(ggufContents(ggufSource(FILE), FILE, "q8"));
    const same = opened(ggufContents(ggufSource(small), small, "none"));
    const floats = opened(ggufContents(ggufSource(small), small, "f32"));
    const name = "blk.0.ffn_up.weight";
    expect(same.tensors.get(name)?.view()).toEqual(small.tensors.get(name)?.view());
    expect(valuesOf(ggufSource(floats), name)).toEqual(valuesOf(ggufSource(small), name));
    expect(() => ggufContents(ggufSource(small), small, "q4-g32")).toThrow(/Q8_0 already/);
  });

  it("has no groups of 128", () => {
    expect(() => ggufContents(ggufSource(FILE), FILE, "q4-g128")).toThrow(/--quant.*q4-g32/);
  });
});

describe("a directory", () => {
  it("looks at a weight when its tensors are written, and once", () => {
    const source = openModel(directory("lazy source"), openFileSource);
    let views = 0;
    const weightOf = source.weight.bind(source);
    source.weight = (name) => {
      const weight = weightOf(name);
      const parts = weight?.parts.map((part) => ({ ...part, view: () => (views++, part.view()) })) ?? [];
      return weight === null ? null : { ...weight, parts };
    };
    const { tensors } = directoryContents(source, "q4-g32");
    expect(views).toBe(0);
    for (const piece of safetensorsPieces(tensors)) void piece;
    expect(views).toBe(source.weightNames.length);
    source.dispose();
  });

  it("takes floats, of a quantised checkpoint too, and copies the tokeniser", () => {
    const path = directory("floats source");
    writeFileSync(join(path, "tokenizer.json"), "{}");
    writeFileSync(join(path, "optimizer.pt"), "");
    const quantized = rewritten(path, "floats q4", "q4-g32");
    const target = rewritten(quantized, "floats", "f32");
    expect(existsSync(join(target, "tokenizer.json"))).toBe(true);
    expect(existsSync(join(target, "optimizer.pt"))).toBe(false);
    const config = configIn(target);
    expect(config).toMatchObject({ ...goldenConfig(GOLDEN), torch_dtype: "float32" });
    expect(config).not.toHaveProperty("quantization_config");
    const [from, to] = [openModel(quantized, openFileSource), openModel(target, openFileSource)];
    for (const name of ["blk.1.attn_k.weight", "token_embd.weight", "output_norm.weight"]) {
      expect(valuesOf(to, name)).toEqual(valuesOf(from, name));
    }
  });

  it("is refused where it is the source, or weights of another model are there", () => {
    const path = directory("used source");
    const before = readFileSync(join(path, "model.safetensors"));
    const write = (target: string) => () => writeModelDirectory(openModel(path, openFileSource), target, "q4-g32");
    symlinkSync(path, join(folder.path, "used link"));
    expect(write(join(folder.path, "used link"))).toThrow(/it is the model that is converted; name another folder/);
    expect(readFileSync(join(path, "model.safetensors")).equals(before)).toBe(true);
    for (const file of ["model.safetensors.index.json", "model-00001-of-00002.safetensors"]) {
      const used = join(folder.path, `used by ${file}`);
      mkdirSync(used);
      writeFileSync(join(used, file), "");
      expect(write(used)).toThrow(`it holds ${file} of another model; name another folder`);
      expect(readdirSync(used)).toEqual([file]);
    }
  });

  it("is written again over what an earlier call wrote, and is no model before its weights are there", () => {
    const path = directory("again source");
    const target = rewritten(path, "again", "q4-g32");
    rewritten(path, "again", "f32");
    expect(readdirSync(target).toSorted()).toEqual(["config.json", "model.safetensors"]);
    const source = openModel(path, openFileSource);
    const partial = join(folder.path, "again in part");
    const stop = () => {
      expect(readdirSync(partial)).not.toContain("config.json");
      throw new TypeError("stopped");
    };
    expect(() => writeModelDirectory(source, partial, "q4-g32", stop)).toThrow("stopped");
    expect(readdirSync(partial)).toEqual([]);
    source.dispose();
  });

  it("says what it cannot do", () => {
    const path = directory("limits");
    const target = join(folder.path, "limits out");
    const write = (from: string, quant: ConvertQuant) => () =>
      writeModelDirectory(openModel(from, openFileSource), target, quant);
    expect(write(rewritten(path, "limits q4", "q4-g32"), "q4-g32")).toThrow(/Q4_0 already.*--quant f16/);
    expect(existsSync(target)).toBe(false);
  });

  it("keeps floats as they are where nothing else is asked for", () => {
    const target = rewritten(directory("same source", { dtype: "float32" }), "same", "none");
    const written = readSafetensors(join(target, "model.safetensors"), openFileSource);
    for (const { name, dtype, shape, data } of goldenTensors(GOLDEN)) {
      const tensor = written.tensors.get(name);
      expect([tensor?.dtype, tensor?.shape], name).toEqual([dtype, shape]);
      expect(data instanceof Uint8Array && Buffer.compare(tensor?.view() ?? new Uint8Array(), data), name).toBe(0);
    }
    written.dispose();
    expect(configIn(target)).toEqual({ ...goldenConfig(GOLDEN), dtype: "float32" });
  });

  it.each([
    [{ dtype: "bfloat16" }, { dtype: "float16" }],
    [{ torch_dtype: "bfloat16" }, { torch_dtype: "float16" }],
    [
      { dtype: "bfloat16", torch_dtype: "bfloat16" },
      { dtype: "float16", torch_dtype: "float16" },
    ],
    [{}, { torch_dtype: "float16" }],
  ])("says the new type where %j said the old one", (old, now) => {
    const name = `dtype ${JSON.stringify(old)}`.replaceAll(/\W/g, "_");
    expect(configIn(rewritten(directory(name, old), `${name} out`, "f16"))).toEqual({
      ...goldenConfig(GOLDEN),
      ...now,
    });
  });
});

/** Written to a folder of that name. */
function directoryOf(file: GgufModel, name: string, quant: ConvertQuant): ModelSource {
  const target = join(folder.path, name);
  writeModelDirectory(ggufSource(file), target, quant);
  return openModel(target, openFileSource);
}

describe("a directory of a GGUF file", () => {
  const tokens = [3, 17, 60, 42, 42, 8, 31];

  it.each([
    ["tiny", "q8_0"],
    ["tiny-wide", "f16"],
  ] as const)("gives the logits of %s in %s", (shape, quant) => {
    const file = opened(randomModel(shape, quant, 1));
    expect(ggufSource(file).spec().ropePairing).toBe("neighbours");
    const source = directoryOf(file, `of ${shape}`, "f32");
    expect(source.spec().ropePairing).toBe("halves");
    expect(sourceLogits(source, tokens)).toEqual(sourceLogits(ggufSource(file), tokens));
    source.dispose();
  });

  it("takes the rounding of a directory", () => {
    const source = directoryOf(FILE, "of tiny-wide in 4 bits", "q4-g32");
    expect(source.weight("blk.0.attn_q.weight")?.encoding).toEqual({ kind: "ggml", type: "Q4_0" });
    source.dispose();
  });

  it("has the tokens and the template of the file, for others too", async () => {
    const source = directoryOf(FILE, "of tiny-wide in bf16", "bf16");
    const [own, original] = [source, ggufSource(FILE)].map((each) => createTokenizer(each.vocabulary()));
    expect(source.chatTemplate).toBe(ggufSource(FILE).chatTemplate);
    const path = join(source.path, "tokenizer.json");
    const others = Tokenizer.fromFile(path);
    const encode = (tokenizer: typeof own, text: string, addSpecial: boolean): readonly number[] => [
      ...(tokenizer?.encode(text, { addSpecial, parseSpecial: true }) ?? []),
    ];
    await fc.assert(
      fc.asyncProperty(trickyText, fc.boolean(), async (text, addSpecial) => {
        const withSpecial = `${text}<|eot_id|>${text}`;
        const expected = encode(original, withSpecial, addSpecial);
        expect(encode(own, withSpecial, addSpecial)).toEqual(expected);
        const encoding = await others.encode(withSpecial, null, { addSpecialTokens: addSpecial });
        expect(encoding.getIds()).toEqual(expected);
      }),
    );
    for (const field of ["bosId", "eosId", "addBos", "addEos", "endOfGenerationIds"] as const) {
      expect(own?.[field], field).toEqual(original?.[field]);
    }
    source.dispose();
  });

  it("is refused where a directory cannot say what the file does", () => {
    const scaled = opened(randomModel("tiny-biased", "f32", 1));
    expect(() => directoryOf(scaled, "refused", "bf16")).toThrow(/no field for the divisors of RoPE/);
    const metadata = FILE.metadata.entries();
    const spm = opened({
      metadata: [...metadata].map(([key, value]) =>
        key === "tokenizer.ggml.model" ? [key, ggufValue.string("llama")] : [key, value],
      ),
      tensors: [...FILE.tensors.values()].map((tensor) => ({ ...tensor, data: tensor.view() })),
    });
    expect(() => directoryOf(spm, "refused", "bf16")).toThrow(
      /of kind spm in a tokenizer\.json.*turnwise convert SOURCE FILE\.gguf/,
    );
    expect(existsSync(join(folder.path, "refused"))).toBe(false);
  });
});
