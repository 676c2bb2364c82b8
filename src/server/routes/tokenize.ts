/** `POST /tokenize` and `POST /detokenize`, which follow vLLM's. */

import type { PromptAnswer, Tokenization } from "../answers/token-answers.ts";
import { fail } from "../../base/errors.ts";
import { ignoredMessageFields, toChatInput } from "../fields/chat-messages.ts";
import { parseFields } from "../fields/field-table.ts";
import { checkTokens, DETOKENIZE_FIELDS, TOKENIZE_FIELDS } from "../fields/token-fields.ts";
import type { TokenizeValues } from "../fields/token-fields.ts";
import { readJsonBody } from "../read-body.ts";
import { ignoredField } from "../ignored-field.ts";
import { checkModel } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";
import { toolFormatName, withItsTools } from "../tool-request.ts";

export async function tokenize(request: EngineRequest): Promise<Response> {
  const { engine, http, scope, server } = request;
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(TOKENIZE_FIELDS, body, server.options.strictFields);
  const ignoredInMessages = ignoredMessageFields(values.messages ?? [], server.options.strictFields);
  checkModel(values.model, engine, server.options);
  const text = await textOf(values, request);
  const tokens = await engine.tokenize(text, { addSpecial: values.add_special_tokens ?? true, parseSpecial: true });
  const answer: Tokenization = {
    tokens: [...tokens],
    count: tokens.length,
    max_model_len: engine.capacity.contextTokens,
    ...(values.return_token_strs === true ? { token_strs: await engine.pieces(tokens) } : {}),
    ...ignoredField([...ignored, ...ignoredInMessages]),
  };
  return http.json(answer);
}

export async function detokenize({ engine, http, scope, server }: EngineRequest): Promise<Response> {
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(DETOKENIZE_FIELDS, body, server.options.strictFields);
  checkModel(values.model, engine, server.options);
  checkTokens(values.tokens, "tokens", engine.model.vocabSize);
  const answer: PromptAnswer = { prompt: await engine.detokenize(values.tokens), ...ignoredField(ignored) };
  return http.json(answer);
}

async function textOf(values: TokenizeValues, request: EngineRequest): Promise<string> {
  const { prompt, messages } = values;
  if (prompt !== undefined && messages !== undefined) {
    fail("request_invalid", { field: "messages", problem: "cannot be given together with prompt" });
  }
  if (messages !== undefined) {
    const input = toChatInput({ ...values, messages });
    return request.engine.renderChat(withItsTools(input, toolFormatName(request)));
  }
  return prompt ?? fail("request_invalid", { field: "prompt", problem: "is required, or messages" });
}
