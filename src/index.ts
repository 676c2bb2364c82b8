/**
 * The public API of Turnwise.
 *
 * ```ts
 * import { Engine, TurnwiseError } from "turnwise";
 *
 * const engine = await Engine.load({ model: "model.gguf" });
 * try {
 *   for await (const part of engine.generate({ prompt: "Once upon a time", maxTokens: 64 })) {
 *     if (part.kind === "delta") process.stdout.write(part.text);
 *   }
 * } catch (error) {
 *   if (error instanceof TurnwiseError && error.code === "context_length_exceeded") console.error(error.message);
 *   else throw error;
 * } finally {
 *   await engine.dispose();
 * }
 * ```
 */

export { type ErrorClass, type ErrorCode, TurnwiseError } from "./base/errors.ts";
export type { KvType } from "./base/dtypes.ts";
export { Engine } from "./engine/engine.ts";
export { measurePerplexity, type PerplexityOptions, type PerplexityResult } from "./engine/perplexity.ts";
export type {
  EngineApi,
  EngineCapacity,
  EngineOptions,
  EngineStats,
  FinishReason,
  GenerateRequest,
  Generation,
  GenerationTimings,
  GenerationUsage,
  LoadProgress,
  ModelInfo,
  PromptScore,
  SamplingSettings,
  StreamPart,
  TokenCut,
  TokenPiece,
} from "./engine/types.ts";
export type {
  ChatContentPart,
  ChatInput,
  ChatMessage,
  ChatRole,
  ChatTool,
  ChatToolCall,
} from "./text/template/types.ts";
export type {
  AgentMessage,
  ChatEndpoint,
  Reply as AgentReply,
  ToolCall as AgentToolCall,
} from "./agent/chat-endpoint.ts";
export { runTurn, type TurnEvent, type TurnOptions } from "./agent/run-turn.ts";
export { type AgentTool, defineTool, type ToolDefinition } from "./agent/tool.ts";
