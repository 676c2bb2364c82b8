/** `POST /apply-template`, which follows llama.cpp's: the prompt that the chat template makes, and nothing computed. */

import type { PromptAnswer } from "../answers/token-answers.ts";
import { ignoredMessageFields, toChatInput } from "../fields/chat-messages.ts";
import { parseFields } from "../fields/field-table.ts";
import { APPLY_TEMPLATE_FIELDS } from "../fields/token-fields.ts";
import { ignoredField } from "../ignored-field.ts";
import { readJsonBody } from "../read-body.ts";
import { checkModel, type EngineRequest } from "../server-context.ts";
import { toolFormatName, withItsTools } from "../tool-request.ts";

export async function applyTemplate(request: EngineRequest): Promise<Response> {
  const { engine, http, scope, server } = request;
  const body = await readJsonBody(http.req.raw, server.options.maxBody, scope.signal);
  const { values, ignored } = parseFields(APPLY_TEMPLATE_FIELDS, body, server.options.strictFields);
  const ignoredInMessages = ignoredMessageFields(values.messages, server.options.strictFields);
  checkModel(values.model, engine, server.options);
  const prompt = await engine.renderChat(withItsTools(toChatInput(values), toolFormatName(request)));
  const answer: PromptAnswer = { prompt, ...ignoredField([...ignored, ...ignoredInMessages]) };
  return http.json(answer);
}
