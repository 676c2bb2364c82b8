/** `POST /v1/completions`: a prompt as it is, without a chat template. */

import { fail } from "../../base/errors.ts";
import type { EngineApi } from "../../engine/types.ts";
import { completionFormat } from "../openai/completion-format.ts";
import { COMPLETION_FIELDS, DEFAULT_COMPLETION_TOKENS } from "../fields/completion-fields.ts";
import type { CompletionValues } from "../fields/completion-fields.ts";
import { parseFields } from "../fields/field-table.ts";
import { grammarSourceOf } from "../fields/response-format.ts";
import { checkTokens } from "../fields/token-fields.ts";
import { submitGeneration, toGenerateRequest, wantsUsageChunk } from "../generate-request.ts";
import { outputTokensOnly } from "../openai/generation-format.ts";
import { openAiWriter } from "../openai/openai-writer.ts";
import { readJsonBody } from "../read-body.ts";
import { respondWithGeneration } from "../respond-generation.ts";
import { checkModel } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";

export async function completions(request: EngineRequest): Promise<Response> {
  const { engine, http, scope, server } = request;
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(COMPLETION_FIELDS, body, server.options.strictFields);
  checkModel(values.model, engine, server.options);
  const includeUsage = wantsUsageChunk(values);
  const { prompt, logprobs, max_tokens: maxTokens = DEFAULT_COMPLETION_TOKENS } = values;
  if (typeof prompt !== "string") checkTokens(prompt, "prompt", engine.model.vocabSize);
  const responseFormat = grammarSourceOf(values);
  const echo = await echoedText(values, engine);
  const generation = await submitGeneration(
    request,
    toGenerateRequest(
      values,
      { prompt, maxTokens, logprobs, responseFormat, signal: scope.signal },
      engine.model.vocabSize,
    ),
  );
  const listed = outputTokensOnly(engine.model.endTokens, values.ignore_eos === true);
  const choices = values.n ?? 1;
  const format = completionFormat(echo, logprobs === undefined ? null : listed);
  return respondWithGeneration(request, generation, {
    writer: openAiWriter(request, { format, choices, includeUsage, ignored }),
    choices,
    stream: values.stream === true,
    prompt,
  });
}

async function echoedText({ echo, logprobs, prompt }: CompletionValues, engine: EngineApi): Promise<string> {
  if (echo !== true) return "";
  if (logprobs !== undefined) {
    fail("field_refused", { field: "echo", hint: "Log-probabilities are given for the output only." });
  }
  return typeof prompt === "string" ? prompt : engine.detokenize(prompt);
}
