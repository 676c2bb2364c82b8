/** Limits on templates, which come with model files, and on what they make. */

export const TEMPLATE_LIMITS = {
  /** Characters of a template's source. The largest known has 17,000; parsing is linear. */
  sourceUnits: 262_144,
  /**
   * Nodes that one rendering evaluates. A thousand messages with tools take about a million; a loop that
   * never ends must not hold its thread for longer than some seconds.
   */
  steps: 20_000_000,
  /** Characters of a prompt. Four times what a request's body may hold, and far above any context. */
  outputUnits: 67_108_864,
  /** Items of one range(), as in Jinja's own sandbox. */
  rangeItems: 100_000,
} as const;
