/** The live plan of a page; its socket is open while the page is. */
import { useMemo, useSyncExternalStore } from "react";
import { useSigned } from "~/session/SessionGate";
import { LivePlan } from "./live";

export function usePlan(planId: string) {
  const { session } = useSigned();
  const live = useMemo(() => new LivePlan(planId, session), [planId, session]);
  const snapshot = useSyncExternalStore(live.subscribe, live.getSnapshot);
  return { ...snapshot, reconnect: live.reconnect };
}
