/** The plan API, as hooks: lists, one plan's start, and what people say to it. */
import type { CommandAccepted, Plan, PlanAccepted, ProcessRequest, Team } from "@agentbus/contracts";
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSigned } from "~/session/SessionGate";
import { request } from "./http";

export type PlanStatus = Plan["status"];

const ENDED: ReadonlySet<PlanStatus> = new Set(["completed", "failed", "canceled", "rejected"]);

export function hasEnded(status: PlanStatus): boolean {
  return ENDED.has(status);
}

/** Whether the plan waits for a person. */
export function waits(status: PlanStatus): boolean {
  return status === "pending_approval" || status === "pending_clarification";
}

export function usePlans(status: PlanStatus | undefined) {
  const { session } = useSigned();
  const first = `/api/v3/plans?limit=50${status ? `&status=${status}` : ""}`;
  return useInfiniteQuery({
    queryKey: ["plans", session.workspaceId, status ?? "all"],
    queryFn: ({ pageParam, signal }) => request<Plan[]>(session, pageParam, { signal }),
    initialPageParam: first,
    getNextPageParam: (page) => page.next,
    // Lists have no socket: often while something runs, rarely else.
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.body.some((plan) => !hasEnded(plan.status))) ? 2_000 : 8_000,
  });
}

/** The teams that a plan may name. */
export function useTeams() {
  const { session } = useSigned();
  return useQuery({
    queryKey: ["teams", session.workspaceId],
    queryFn: ({ signal }) => request<Team[]>(session, "/api/v3/teams", { signal }),
    staleTime: 60_000,
  });
}

export function useStartPlan() {
  const { session } = useSigned();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ key, body }: { key: string; body: ProcessRequest }) =>
      request<PlanAccepted>(session, "/api/v3/process_request", {
        method: "POST",
        body,
        headers: { "idempotency-key": key },
      }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["plans"] }),
  });
}

/** Sends a person's word to a plan: `plan_approval`, `user_clarification` or `plans/{id}/cancel`. */
export function usePlanCommand(path: string) {
  const { session } = useSigned();
  return useMutation({
    mutationFn: (body: object) =>
      request<CommandAccepted>(session, `/api/v3/${path}`, { method: "POST", body }),
  });
}
