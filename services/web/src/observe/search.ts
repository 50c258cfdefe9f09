/** What the pages of Observe are filtered by; it stands in their addresses. */
import { type GroupBy, RANGES, type RangeName } from "~/api/observability";

export interface ObserveSearch {
  range?: RangeName;
  by?: GroupBy;
  agent?: string;
  agent_type?: string;
  tool?: string;
  team?: string;
  model?: string;
  /** An error's fingerprint: only plans that met it. */
  error?: string;
  /** Beside the period before. */
  compare?: boolean;
}

export const FILTERS = ["agent", "agent_type", "tool", "team", "model"] as const;
const GROUPS: readonly string[] = FILTERS;

export function observeSearch(search: Record<string, unknown>): ObserveSearch {
  const found: ObserveSearch = {};
  if (typeof search.range === "string" && search.range in RANGES) found.range = search.range as RangeName;
  if (typeof search.by === "string" && GROUPS.includes(search.by)) found.by = search.by as GroupBy;
  for (const name of [...FILTERS, "error"] as const) {
    if (typeof search[name] === "string") found[name] = search[name];
  }
  if (search.compare === true) found.compare = true;
  return found;
}

/** The filters as the API takes them. */
export function filtersIn(search: ObserveSearch): Record<string, string> {
  return Object.fromEntries(FILTERS.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]]])));
}
