/** What the stream shows, a row a line. Pure; called by Stream. */
import type { Entry, PlanLog } from "./log";

interface Line {
  readonly key: string;
  /** Who speaks, where that changes; else empty. */
  readonly speaker: string;
}

export type Row =
  | (Line & { readonly kind: "entry"; readonly entry: Entry })
  | (Line & { readonly kind: "live"; readonly text: string });

export function rowsOf(log: PlanLog, byAgent: boolean): Row[] {
  const rows: Row[] = [];
  let speaking = "";
  for (const entry of byAgent ? sortedByAgent(log.entries) : log.entries) {
    const speaker = entry.kind === "note" || entry.kind === "report" ? "" : entry.agent;
    rows.push({ kind: "entry", key: entry.key, entry, speaker: speaker === speaking ? "" : speaker });
    speaking = speaker;
  }
  for (const [key, { agent, text }] of log.streams) {
    rows.push({ kind: "live", key, text, speaker: agent === speaking ? "" : agent });
    speaking = agent;
  }
  return rows;
}

function sortedByAgent(entries: readonly Entry[]): Entry[] {
  const rank = new Map<string, number>();
  for (const { agent } of entries) if (!rank.has(agent)) rank.set(agent, rank.size);
  return entries.toSorted((a, b) => (rank.get(a.agent) ?? 0) - (rank.get(b.agent) ?? 0));
}
