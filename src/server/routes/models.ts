/** `GET /v1/models` and `GET /v1/models/{id}`. */

import type { EngineApi } from "../../engine/types.ts";
import { checkModel, servedModelId } from "../server-context.ts";
import type { EngineRequest } from "../server-context.ts";
import type { ServerOptions } from "../options.ts";

export function listModels({ engine, http, server }: EngineRequest): Response {
  return http.json({ object: "list", data: [describeModel(engine, server.options)] });
}

export function getModel({ engine, http, server }: EngineRequest): Response {
  checkModel(http.req.param("id"), engine, server.options);
  return http.json(describeModel(engine, server.options));
}

function describeModel(engine: EngineApi, options: ServerOptions): object {
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
    },
  };
}
