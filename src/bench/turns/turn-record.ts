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
  /** When each piece of text came. */
  readonly deltaMs: readonly number[];
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly text: string;
  /** Why it counts as failed, or null. */
  readonly failure: string | null;
}
