/** A pull whose caller listens to nothing and waits for little. */

import type { HubClient } from "../../../src/hub/hub-client.ts";
import type { ModelCache } from "../../../src/hub/model-cache.ts";
import { type PullOptions, pullModel } from "../../../src/hub/pull-model.ts";
import type { HubReference } from "../../../src/hub/reference.ts";

/** Its end is soon, but not that of a connection: a busy machine may leave one waiting. */
export const QUICK = { attempts: 3, firstWaitMs: 1, stallMs: 30_000 };

export function pullFrom(
  client: HubClient,
  cache: ModelCache,
  reference: HubReference,
  extra: Partial<PullOptions> = {},
): Promise<string> {
  return pullModel(reference, {
    client,
    cache,
    signal: new AbortController().signal,
    onPlan: () => {},
    onProgress: () => {},
    onWait: () => {},
    patience: QUICK,
    ...extra,
  });
}
