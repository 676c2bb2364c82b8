/**
 * What passes between the engine's main-thread side and its step-loop thread: plain data only, so that
 * structured cloning is cheap. A token crosses as its id; its bytes are looked up on the main side.
 */

import type { MessagePort } from "node:worker_threads";
import type { SerializedError } from "../../base/errors.ts";
import type { WaitingLimits } from "../engine-settings.ts";
import type { Order } from "../step/order.ts";
import type {
  CachedText,
  EngineCapacity,
  EngineOptions,
  EngineStats,
  LoadProgress,
  ModelInfo,
  StreamPart,
} from "../types.ts";

/** One sampled token. */
export interface WireToken {
  readonly token: number;
  /** Present where the order asked for log-probabilities. */
  readonly logprob?: number;
  readonly topTokens?: readonly number[];
  readonly topLogprobs?: readonly number[];
}

export interface WireDelta {
  readonly kind: "delta";
  readonly choice: number;
  readonly text: string;
  readonly tokens: readonly WireToken[];
}

export type WirePart = WireDelta | Exclude<StreamPart, { kind: "delta" }>;

/** What a step did for an order. `end`, `scored` and `failed` are terminal; each order has exactly one. */
export type StepEvent =
  | { readonly kind: "part"; readonly id: number; readonly part: WirePart }
  | { readonly kind: "scored"; readonly id: number; readonly logprobs: Float32Array }
  | { readonly kind: "failed"; readonly id: number; readonly error: SerializedError };

/** The options that a thread needs: all but the callbacks. */
export type PlainEngineOptions = Omit<EngineOptions, "onProgress" | "onWarning">;

/** What the main thread bounds, before orders cross and after tokens have. */
export interface AdmissionLimits extends WaitingLimits {
  readonly maxUnreadTokens: number;
}

/** The bytes of every token: token i is bytes[offsets[i] .. offsets[i + 1]). Shared memory, where the text thread has made them. */
export interface TokenBytes {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** What the step-loop thread starts with. */
export interface StepWorkerData {
  readonly options: PlainEngineOptions;
  /** By which another thread sends the `SharedVocabulary`; null: none does. */
  readonly vocabulary: MessagePort | null;
}

export type ToStepWorker =
  | { readonly kind: "submit"; readonly order: Order }
  | { readonly kind: "cancel"; readonly id: number }
  /** The order's reader is behind, or has caught up. */
  | { readonly kind: "park"; readonly id: number }
  | { readonly kind: "resume"; readonly id: number }
  | { readonly kind: "keep"; readonly text: Required<CachedText>; readonly ms: number }
  | { readonly kind: "dispose" };

export type FromStepWorker =
  | { readonly kind: "progress"; readonly progress: LoadProgress }
  | { readonly kind: "warning"; readonly message: string }
  | {
      readonly kind: "ready";
      readonly model: ModelInfo;
      readonly capacity: EngineCapacity;
      readonly tokenBytes: TokenBytes;
      readonly admission: AdmissionLimits;
    }
  | { readonly kind: "loadFailed"; readonly error: SerializedError }
  /** The loop of a loaded model ended by a defect: nothing more comes. */
  | { readonly kind: "loopFailed"; readonly error: SerializedError }
  /** The packed weights are written for the next start, or will not be. */
  | { readonly kind: "weightsKept" }
  /** After a step or a cancel, at `atMs` of the thread's own clock: what happened, and how things stand. */
  | {
      readonly kind: "step";
      readonly atMs: number;
      readonly events: readonly StepEvent[];
      readonly stats: EngineStats;
    };
