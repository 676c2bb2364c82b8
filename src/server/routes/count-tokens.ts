/** `POST /v1/messages/count_tokens`, Anthropic's API. */

import type { TokenCount } from "../answers/token-answers.ts";
import { anthropicToolAsk } from "../anthropic/anthropic-tools.ts";
import { anthropicChatInput } from "../fields/anthropic-messages.ts";
import { COUNT_TOKENS_FIELDS } from "../fields/anthropic-fields.ts";
import { parseFields } from "../fields/field-table.ts";
import { ignoredField } from "../ignored-field.ts";
import { readJsonBody } from "../read-body.ts";
import { checkModel } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";
import { toolFormatName, toolRequestOf, withTools } from "../tool-request.ts";

export async function countTokens(request: EngineRequest): Promise<Response> {
  const { engine, http, scope, server } = request;
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(COUNT_TOKENS_FIELDS, body, server.options.strictFields);
  checkModel(values.model, engine, server.options);
  const tools = toolRequestOf(anthropicToolAsk(values), toolFormatName(request));
  const prompt = await engine.renderChat(withTools(anthropicChatInput(values, tools.shown), tools));
  const tokens = await engine.tokenize(prompt, { addSpecial: true, parseSpecial: true });
  const answer: TokenCount = { input_tokens: tokens.length, ...ignoredField(ignored) };
  return http.json(answer);
}
