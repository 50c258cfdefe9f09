/** A plan's actions as rows of a waterfall: nested under the action that they belong to. Pure. */
import type { PlanBottlenecks, TimelineAction } from "@agentbus/contracts";

export interface Bar {
  readonly action: TimelineAction;
  readonly depth: number;
  /** In seconds since the plan's begin. */
  readonly starts: number;
  readonly ends: number;
}

/** Returns the actions, each after its parent, siblings in the order in which they began. */
export function bars(actions: readonly TimelineAction[]): Bar[] {
  const known = new Set(actions.map(({ action_id }) => action_id));
  const inner = new Map<string | null, TimelineAction[]>();
  for (const action of actions) {
    const parent = action.parent_action_id;
    const around = parent !== null && known.has(parent) && parent !== action.action_id ? parent : null;
    const siblings = inner.get(around);
    if (siblings) siblings.push(action);
    else inner.set(around, [action]);
  }
  const rows: Bar[] = [];
  const waiting = (inner.get(null) ?? []).map((action) => ({ action, depth: 0 })).reverse();
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { action, depth } = next;
    rows.push({ action, depth, starts: action.offset_seconds, ends: action.offset_seconds + action.seconds });
    for (const child of (inner.get(action.action_id) ?? []).toReversed()) waiting.push({ action: child, depth: depth + 1 });
  }
  return rows;
}

/** Returns the rows that are to be seen in a stretch of the plan. */
export function within(rows: readonly Bar[], [from, to]: readonly [number, number]): Bar[] {
  return rows.filter(({ starts, ends }) => ends >= from && starts <= to);
}

/** Returns the actions that the plan's duration depends on. */
export function onPath(path: PlanBottlenecks | undefined): ReadonlySet<string> {
  return new Set((path?.segments ?? []).flatMap(({ action_id }) => (action_id === null ? [] : [action_id])));
}
