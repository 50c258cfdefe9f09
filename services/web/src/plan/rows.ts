/** What the stream shows, a row a line: entries under the agent that speaks. Pure; called by Stream. */
import type { Entry, PlanLog } from "./log";

export type Row =
  | { readonly kind: "agent"; readonly key: string; readonly agent: string }
  | { readonly kind: "entry"; readonly key: string; readonly entry: Entry; readonly index: number }
  | { readonly kind: "live"; readonly key: string; readonly agent: string; readonly text: string };

export function rowsOf(log: PlanLog, byAgent: boolean): Row[] {
  const rows: Row[] = [];
  let speaking: string | null = null;
  for (const index of order(log.entries, byAgent)) {
    const entry = log.entries[index];
    if (!entry) continue;
    const bare = entry.kind === "note" || entry.kind === "report";
    if (!bare && entry.agent !== speaking) {
      rows.push({ kind: "agent", key: `agent-${entry.key}`, agent: entry.agent });
    }
    speaking = bare ? null : entry.agent;
    rows.push({ kind: "entry", key: entry.key, entry, index });
  }
  for (const [id, { agent, text }] of log.streams) {
    if (agent !== speaking) rows.push({ kind: "agent", key: `agent-${id}`, agent });
    speaking = agent;
    rows.push({ kind: "live", key: id, agent, text });
  }
  return rows;
}

function order(entries: readonly Entry[], byAgent: boolean): number[] {
  const indexes = entries.map((_, index) => index);
  if (!byAgent) return indexes;
  const first = new Map<string, number>();
  entries.forEach((entry, index) => {
    if (!first.has(entry.agent)) first.set(entry.agent, index);
  });
  const rank = (index: number) => first.get(entries[index]?.agent ?? "") ?? 0;
  return indexes.sort((a, b) => rank(a) - rank(b) || a - b);
}
