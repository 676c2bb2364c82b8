/** Limits on templates, which come with model files, and on what they make. */

export interface TemplateLimits {
  readonly sourceUnits: number;
  readonly steps: number;
  readonly outputUnits: number;
  readonly rangeItems: number;
}

export const TEMPLATE_LIMITS = {
  /** Characters of a template's source. The largest known has 17,000; parsing is linear. */
  sourceUnits: 262_144,
  /**
   * Nodes that one rendering evaluates. A thousand messages take up to 60,000; two million take some
   * seconds, for which a template that loops without end holds its thread.
   */
  steps: 2_000_000,
  /** Characters of a prompt. Four times what a request's body may hold, and far above any context. */
  outputUnits: 67_108_864,
  /** Items of one range(), as in Jinja's own sandbox. */
  rangeItems: 100_000,
} as const satisfies TemplateLimits;
