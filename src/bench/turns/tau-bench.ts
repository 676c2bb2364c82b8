/**
 * Sessions out of tau-bench trajectories (https://github.com/sierra-research/tau-bench): real text of an
 * airline's support agent, its tools' results and its customers. Recorded answers are replaced by those of
 * the server under test; a call's result is sent as a user's message, since the call itself is gone.
 */

import { z } from "zod";
import { fail } from "../../base/errors.ts";
import { type AgentSession, type ReplayMessage, type ReplayTurn, UNRECORDED_START } from "./agent-session.ts";

/** Characters a token has in English text, about; trajectories have no token counts. */
const CHARACTERS_PER_TOKEN = 4;

const trajectories = z.array(
  z.looseObject({
    task_id: z.number(),
    trial: z.number().optional(),
    traj: z.array(
      z.looseObject({
        role: z.enum(["system", "user", "assistant", "tool"]),
        content: z.string().nullish(),
        tool_calls: z.array(z.looseObject({ function: z.looseObject({ arguments: z.string() }) })).nullish(),
      }),
    ),
  }),
);

type RecordedMessage = z.output<typeof trajectories>[number]["traj"][number];

/** `text` is the JSON of a file of trajectories; `thinkMs` stands in for the times it lacks. */
export function readTauBench(text: string, path: string, thinkMs: number): AgentSession[] {
  const parsed = trajectories.safeParse(parseJson(text, path));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    fail("trace_invalid", { path, problem: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "wrong shape"}` });
  }
  return parsed.data.map(({ task_id: task, trial = 0, traj }) => ({
    id: `tau-${task}-${trial}`,
    start: UNRECORDED_START,
    turns: toTurns(traj, thinkMs),
  }));
}

function toTurns(recorded: readonly RecordedMessage[], thinkMs: number): ReplayTurn[] {
  const turns: ReplayTurn[] = [];
  let messages: ReplayMessage[] = [];
  for (const message of recorded) {
    if (message.role !== "assistant") {
      messages.push({ role: message.role === "system" ? "system" : "user", content: message.content ?? "" });
      continue;
    }
    const calls = message.tool_calls ?? [];
    const characters = (message.content ?? "").length + JSON.stringify(calls).length * Number(calls.length > 0);
    turns.push({
      thinkMs: turns.length === 0 ? 0 : thinkMs,
      keptMessages: null,
      messages,
      outputTokens: Math.max(1, Math.round(characters / CHARACTERS_PER_TOKEN)),
      acts: calls.length > 0,
    });
    messages = [];
  }
  return turns;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return fail("trace_invalid", { path, problem: error instanceof Error ? error.message : String(error) });
  }
}
