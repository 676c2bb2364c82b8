/** Limits on templates, which come with model files, and on what they make. */

import type { BudgetLimits } from "./budget.ts";

export interface TemplateLimits extends BudgetLimits {
  readonly sourceUnits: number;
}

export const TEMPLATE_LIMITS = {
  /** Characters of a template's source. The largest known has 17,000; parsing is linear. */
  sourceUnits: 262_144,
  /**
   * Nodes that one rendering evaluates, and items that it makes. A thousand messages take up to 60,000;
   * five million take a second or two, for which a template that loops without end holds its thread.
   */
  steps: 5_000_000,
  /** Characters of a prompt. Four times what a request's body may hold, and far above any context. */
  outputUnits: 67_108_864,
  /** Characters of all texts that are made on the way: what a rendering may keep in memory. */
  copiedUnits: 268_435_456,
} as const satisfies TemplateLimits;
