/** What the list of alerts is filtered by; it stands in its address. */
import type { AlertFilters, AlertState, Severity } from "~/api/alerts";

export interface AlertsSearch {
  state?: AlertState;
  severity?: Severity;
  rule?: string;
  /** Only of this plan. */
  plan?: string;
}

/** In the order in which people look at them. */
export const STATES = ["firing", "pending", "acknowledged", "resolved"] as const satisfies readonly AlertState[];
const SEVERITIES: readonly unknown[] = ["critical", "warning"] satisfies Severity[];

export function alertsSearch(search: Record<string, unknown>): AlertsSearch {
  const found: AlertsSearch = {};
  if (STATES.some((state) => state === search.state)) found.state = search.state as AlertState;
  if (SEVERITIES.includes(search.severity)) found.severity = search.severity as Severity;
  if (typeof search.rule === "string") found.rule = search.rule;
  if (typeof search.plan === "string") found.plan = search.plan;
  return found;
}

/** The filters as the API takes them; the state is each list's own. */
export function filtersIn({ severity, rule, plan }: AlertsSearch): AlertFilters {
  return { severity, rule, plan_id: plan };
}
