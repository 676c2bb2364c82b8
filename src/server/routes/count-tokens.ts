/** `POST /v1/messages/count_tokens`, Anthropic's API. */

import { anthropicChatInput } from "../fields/anthropic-messages.ts";
import { COUNT_TOKENS_FIELDS } from "../fields/anthropic-fields.ts";
import { parseFields } from "../fields/field-table.ts";
import { ignoredField } from "../ignored-field.ts";
import { readJsonBody } from "../read-body.ts";
import { checkModel } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";
import { withChosenTools } from "./messages.ts";

export async function countTokens({ engine, http, scope, server }: EngineRequest): Promise<Response> {
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(COUNT_TOKENS_FIELDS, body, server.options.strictFields);
  checkModel(values.model, engine, server.options);
  const prompt = await engine.renderChat(anthropicChatInput(withChosenTools(values)));
  const tokens = await engine.tokenize(prompt, { addSpecial: true, parseSpecial: true });
  return http.json({ input_tokens: tokens.length, ...ignoredField(ignored) });
}
