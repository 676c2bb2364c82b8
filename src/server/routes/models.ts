/** `GET /v1/models` and `GET /v1/models/{id}`: in OpenAI's shape, or in Anthropic's for its clients. */

import type { EngineApi } from "../../engine/types.ts";
import type { AnthropicModelAnswer, ModelAnswer } from "../answers/model-answers.ts";
import { checkModel, servedModelId } from "../server-context.ts";
import type { EngineRequest, ServerContext } from "../server-context.ts";
import type { ServerOptions } from "../options.ts";

export function listModels({ engine, http, scope, server }: EngineRequest): Response {
  if (scope.dialect === "openai") {
    return http.json({ object: "list", data: [describeModel(engine, server)] });
  }
  const described = describeForAnthropic(engine, server.options);
  return http.json({ data: [described], has_more: false, first_id: described.id, last_id: described.id });
}

export function getModel({ engine, http, scope, server }: EngineRequest): Response {
  checkModel(http.req.param("id"), engine, server.options);
  const isOpenAi = scope.dialect === "openai";
  return http.json(isOpenAi ? describeModel(engine, server) : describeForAnthropic(engine, server.options));
}

function describeForAnthropic(engine: EngineApi, options: ServerOptions): AnthropicModelAnswer {
  const { name, createdAt } = engine.model;
  return {
    type: "model",
    id: servedModelId(engine, options),
    display_name: name,
    created_at: new Date(createdAt * 1000).toISOString(),
  };
}

function describeModel(engine: EngineApi, { options, sharedPrefixes }: ServerContext): ModelAnswer {
  const { model, capacity } = engine;
  return {
    id: servedModelId(engine, options),
    object: "model",
    created: model.createdAt,
    owned_by: "turnwise",
    max_model_len: capacity.contextTokens,
    turnwise: {
      name: model.name,
      architecture: model.architecture,
      parameters: model.parameters,
      vocab_size: model.vocabSize,
      chat_template: model.hasChatTemplate,
      random_weights: model.randomWeights,
      shared_prefixes: sharedPrefixes,
    },
  };
}
