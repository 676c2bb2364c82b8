/** What a server says of itself to its operator. */

import { z } from "zod";
import { type AnswerOf, count } from "./answer-of.ts";

export const healthAnswer = z.object({ status: z.literal("ok") });
export const readyAnswer = z.object({ status: z.literal("ready") });

export const tenantList = z.object({
  object: z.literal("list"),
  data: z.array(
    z.object({ tenant: z.string(), requests_in_progress: count, sessions: count, stored_response_bytes: count }),
  ),
});
export type TenantList = AnswerOf<typeof tenantList>;

export const drainAnswer = z.object({ status: z.literal("draining"), requests_in_progress: count });
export type DrainAnswer = AnswerOf<typeof drainAnswer>;
