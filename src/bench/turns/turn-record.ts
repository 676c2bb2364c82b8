/** What was measured of one turn. All times are of the replay's clock, in milliseconds. */

export interface TurnRecord {
  readonly session: string;
  /** Of the turn in its session, from 0. */
  readonly index: number;
  /** The recorded answer called a tool. */
  readonly acts: boolean;
  /** When the turn should have been sent; latencies count from here. */
  readonly intendedMs: number;
  readonly endMs: number;
  /** When each piece of output came: text, thoughts, calls. */
  readonly deltaMs: readonly number[];
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  /** Why it counts as failed, or null. */
  readonly failure: string | null;
  /** False where it was not sent, because a turn before it in its session had failed. */
  readonly isPlayed: boolean;
}
