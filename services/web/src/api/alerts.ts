/**
 * The alerts API, as hooks. Lists come again when the stream tells of a change (alerts/follow.ts); without it they
 * are asked for often. What is pending nobody tells of: it is asked for always.
 */
import type { Alert, AlertWithHistory, HealthHistory, Limit, NewSilence, Silence, SystemHealth } from "@agentbus/contracts";
import { keepPreviousData, skipToken, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSigned } from "~/session/SessionGate";
import { ApiProblem, request } from "./http";

export type AlertState = Alert["state"];
export type Severity = Alert["severity"];
export type LimitKind = Limit["kind"];

export interface AlertFilters {
  readonly severity?: Severity | undefined;
  readonly rule?: string | undefined;
  readonly plan_id?: string | undefined;
}

const ROOT = "/api/v3/alerts";
export const ASKED_MS = 5_000;
const FOLLOWED_MS = 30_000;
const PAGE = 100;

/** Whether the stream tells of changes; null: it is being opened. */
export function useFollowing(): boolean | null {
  const { session } = useSigned();
  return useQuery<boolean | null>({ queryKey: followingKey(session.workspaceId), queryFn: skipToken }).data ?? null;
}

export function followingKey(workspaceId: string) {
  return ["alerts-followed", workspaceId];
}

/** Alerts of a state, the newest first, page by page. */
export function useAlerts(state: AlertState, filters: AlertFilters = {}, enabled = true) {
  const { session } = useSigned();
  const every = useFollowing() && state !== "pending" ? FOLLOWED_MS : ASKED_MS;
  const query = new URLSearchParams({ state, limit: String(PAGE) });
  for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value);
  return useInfiniteQuery({
    queryKey: ["alerts", session.workspaceId, "list", query.toString()],
    queryFn: ({ pageParam, signal }) => request<Alert[]>(session, pageParam, { signal }),
    initialPageParam: `${ROOT}?${query}`,
    getNextPageParam: (page) => page.next,
    refetchInterval: every,
    placeholderData: keepPreviousData,
    enabled,
  });
}

/** What fires and is not silenced: what people should look at. Undefined until it is known. */
export function useFiring(): readonly Alert[] | undefined {
  const { data } = useAlerts("firing");
  return data?.pages.flatMap(({ body }) => body).filter((alert) => !alert.silenced_until);
}

export function useAlert(alertId: string) {
  const { session } = useSigned();
  const every = useFollowing() ? FOLLOWED_MS : ASKED_MS;
  return useQuery({
    queryKey: ["alerts", session.workspaceId, "one", alertId],
    queryFn: async ({ signal }) => (await request<AlertWithHistory>(session, one(alertId), { signal })).body,
    refetchInterval: every,
  });
}

export function useAcknowledge(alertId: string) {
  const { session } = useSigned();
  const settled = useSettled();
  return useMutation({
    mutationFn: (note: string) => request<Alert>(session, `${one(alertId)}/acknowledge`, { method: "POST", body: { note } }),
    ...settled,
  });
}

/** Silences, the newest first, those that are over included. */
export function useSilences() {
  const { session } = useSigned();
  return useQuery({
    queryKey: ["alerts", session.workspaceId, "silences"],
    queryFn: async ({ signal }) => (await request<Silence[]>(session, `${ROOT}/silences`, { signal })).body,
    refetchInterval: 10_000,
  });
}

export function useSilence() {
  const { session } = useSigned();
  const settled = useSettled();
  return useMutation({
    mutationFn: async (body: NewSilence) =>
      (await request<Silence>(session, `${ROOT}/silences`, { method: "POST", body })).body,
    ...settled,
  });
}

export function useEndSilence() {
  const { session } = useSigned();
  const settled = useSettled();
  return useMutation({
    mutationFn: (silenceId: string) =>
      request<void>(session, `${ROOT}/silences/${encodeURIComponent(silenceId)}`, { method: "DELETE" }),
    ...settled,
  });
}

/** Sets how long executions may take, in seconds. */
export function useSetLimit(kind: LimitKind, name: string) {
  const { session } = useSigned();
  const settled = useSettled();
  const path = `${ROOT}/limits/${kind}/${encodeURIComponent(name)}`;
  return useMutation({
    mutationFn: (limit: number) => request<Limit>(session, path, { method: "PUT", body: { limit } }),
    ...settled,
  });
}

/** The whole system's health; for its administrators. */
export function useHealth() {
  return useSystem<SystemHealth>("health", ASKED_MS);
}

/** The last ten minutes of each instance. */
export function useHealthHistory() {
  return useSystem<HealthHistory>("health/history", 3 * ASKED_MS);
}

function useSystem<T>(path: string, every: number) {
  const { session } = useSigned();
  return useQuery({
    queryKey: ["system", session.workspaceId, path],
    queryFn: async ({ signal }) => (await request<T>(session, `/api/v3/observability/${path}`, { signal })).body,
    // Whom it is not for is not told otherwise a moment later.
    refetchInterval: ({ state: { error } }) => (error instanceof ApiProblem && !error.passing ? false : every),
  });
}

function one(alertId: string): string {
  return `${ROOT}/${encodeURIComponent(alertId)}`;
}

/** After an act everything about alerts is asked for again, at once. */
function useSettled() {
  const queries = useQueryClient();
  return { onSettled: () => queries.invalidateQueries({ queryKey: ["alerts"] }) };
}
