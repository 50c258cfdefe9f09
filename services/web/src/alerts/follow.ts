/**
 * Follows the stream of alerts while the app is in sight, and has every list of them read again when it tells of a
 * change. Only in sight: browsers give an origin six connections over HTTP/1.1, all tabs together. Called by Notices.
 */
import { useDocumentVisibility } from "@mantine/hooks";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { followingKey } from "~/api/alerts";
import { afterFailure } from "~/api/closes";
import { eventsOf } from "~/api/events";
import { ApiProblem } from "~/api/http";
import type { Session } from "~/session/session";
import { useSigned } from "~/session/SessionGate";

/** However many changes come, lists are not read more often. */
const TOGETHER_MS = 250;

export function useFollowedAlerts(): void {
  const { session } = useSigned();
  const queries = useQueryClient();
  const seen = useDocumentVisibility() === "visible";
  useEffect(() => {
    if (!seen) return;
    const leaving = new AbortController();
    void follow(session, queries, leaving.signal);
    return () => leaving.abort();
  }, [session, queries, seen]);
}

async function follow(session: Session, queries: QueryClient, signal: AbortSignal): Promise<void> {
  const told = (following: boolean | null) => queries.setQueryData(followingKey(session.workspaceId), following);
  const changed = together(() => void queries.invalidateQueries({ queryKey: ["alerts"] }));
  signal.addEventListener("abort", () => told(null));
  for (let failures = 0; !signal.aborted; ) {
    try {
      for await (const _ of eventsOf(session, "/api/v3/alerts/stream", signal)) {
        failures = 0;
        told(true);
        changed();
      }
    } catch (error) {
      if (signal.aborted) return;
      told(false);
      if (error instanceof ApiProblem && !error.passing) return;
      failures += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, afterFailure(failures)));
  }
}

/** Calls `act` soon, once for all calls until then. */
function together(act: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      act();
    }, TOGETHER_MS);
  };
}
