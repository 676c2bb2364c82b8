/** From the fields that the generating APIs share to the engine's request. */

import { fail, TurnwiseError, turnwiseError } from "../base/errors.ts";
import type { GenerateRequest, Generation, SamplingSettings } from "../engine/types.ts";
import type { GrammarSource } from "../text/grammar/compile-grammar.ts";
import { TOOL_FORMATS } from "../text/tools/tool-formats.ts";
import type { ThoughtStart } from "../text/tools/thoughts.ts";
import type { ToolGrammarSource } from "../text/tools/tool-grammar.ts";
import type { FieldValues } from "./fields/field-table.ts";
import type { SAMPLING_FIELDS } from "./fields/sampling-fields.ts";

import type { EngineRequest } from "./server-context.ts";

/** An API may lack some of the fields. */
type SamplingValues = Partial<FieldValues<typeof SAMPLING_FIELDS>>;

/** The API's default, which differs from the commands'. */
const DEFAULT_TEMPERATURE = 1;

interface PromptAndLimits {
  readonly responseFormat?: GrammarSource | undefined;
  readonly toolCalls?: ToolGrammarSource | undefined;
  readonly thoughts?: ThoughtStart | undefined;
  readonly prompt: string | Int32Array;
  readonly maxTokens: number | undefined;
  readonly logprobs: number | undefined;
  readonly signal: AbortSignal;
}

/** Throws `request_invalid` for a biased token that the vocabulary lacks, or counts that contradict each other. */
export function toGenerateRequest(values: SamplingValues, prompt: PromptAndLimits, vocabSize: number): GenerateRequest {
  for (const token of values.logit_bias?.keys() ?? []) {
    if (token >= vocabSize) {
      fail("request_invalid", {
        field: "logit_bias",
        problem: `token ${token} is outside the vocabulary of ${vocabSize}`,
      });
    }
  }
  const { maxTokens, logprobs } = prompt;
  if (maxTokens !== undefined && values.min_tokens !== undefined && values.min_tokens > maxTokens) {
    fail("request_invalid", { field: "min_tokens", problem: `is ${values.min_tokens}, above max_tokens ${maxTokens}` });
  }
  return {
    prompt: prompt.prompt,
    sampling: toSampling(values),
    signal: prompt.signal,
    ...present({
      maxTokens,
      logprobs,
      responseFormat: prompt.responseFormat,
      toolCalls: prompt.toolCalls,
      thoughts: prompt.thoughts,
      minTokens: values.min_tokens,
      ignoreEos: values.ignore_eos,
      stop: values.stop,
      choices: values.n,
      cacheKey: values.prompt_cache_key,
      deadlineMs: values.deadline_s === undefined ? undefined : values.deadline_s * 1000,
      keepSpecial: keepsSpecial(values, prompt.toolCalls),
    }),
  };
}

/** `engine.submit` for the request's tenant, whose complaints about a field get the field's name in the API. */
export async function submitGeneration(
  { engine, scope }: EngineRequest,
  request: GenerateRequest,
): Promise<Generation> {
  const { maxSessions: _, turnTimeoutMs, ...tenant } = scope.tenant;
  const deadlineMs = Math.min(request.deadlineMs ?? Infinity, turnTimeoutMs);
  try {
    return await engine.submit({ ...request, tenant, ...(deadlineMs === Infinity ? {} : { deadlineMs }) });
  } catch (error) {
    if (!(error instanceof TurnwiseError) || error.code !== "request_invalid") throw error;
    const { field = "", problem = "" } = error.params;
    throw turnwiseError("request_invalid", { field: apiName(String(field)), problem });
  }
}

/** A call that a control token opens could not be told from text without it. */
function keepsSpecial(values: SamplingValues, toolCalls: ToolGrammarSource | undefined): boolean | undefined {
  if (toolCalls !== undefined && TOOL_FORMATS[toolCalls.format].opensWithControlToken) return true;
  return values.skip_special_tokens === undefined ? undefined : !values.skip_special_tokens;
}

/** minTokens -> min_tokens. */
const apiName = (field: string): string =>
  field === "choices" ? "n" : field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Throws `request_invalid` where stream_options are given without stream. */
export function wantsUsageChunk(values: SamplingValues): boolean {
  if (values.stream_options !== undefined && values.stream !== true) {
    fail("request_invalid", { field: "stream_options", problem: "is only allowed with stream: true" });
  }
  return values.stream_options?.include_usage === true;
}

function toSampling(values: SamplingValues): Partial<SamplingSettings> {
  return {
    temperature: values.temperature ?? DEFAULT_TEMPERATURE,
    ...present({
      topK: values.top_k === undefined ? undefined : Math.max(0, values.top_k),
      topP: values.top_p,
      minP: values.min_p,
      repetitionPenalty: values.repetition_penalty,
      presencePenalty: values.presence_penalty,
      frequencyPenalty: values.frequency_penalty,
      logitBias: values.logit_bias,
      seed: values.seed,
    }),
  };
}

type Present<Values> = { [Name in keyof Values]?: Exclude<Values[Name], undefined> };

/** Without the fields that are undefined: the engine's optional fields are absent, never undefined. */
function present<Values extends object>(values: Values): Present<Values> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<Values>;
}
