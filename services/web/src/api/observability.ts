/** The observability API, as hooks. Figures come again by themselves while their page is open. */
import type {
  BottlenecksAnswer,
  ErrorDetail,
  ErrorEvent,
  ErrorGroup,
  FiguresAnswer,
  LiveAnswer,
  ObservedPlan,
  PlanBottlenecks,
  SeriesAnswer,
  Timeline,
} from "@agentbus/contracts";
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSigned } from "~/session/SessionGate";
import { request } from "./http";

export type Metric = SeriesAnswer["lines"][number]["metric"];
export type GroupBy = FiguresAnswer["group_by"];
export type ErrorState = ErrorGroup["state"];
type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export const RANGES = { "1h": 1, "24h": 24, "7d": 168, "30d": 720 } as const;
export type RangeName = keyof typeof RANGES;

const ROOT = "/api/v3/observability";
const FIGURES_MS = 10_000;

/** What of a range is asked for; the range ends when the answer is made. */
export interface Asked {
  readonly range: RangeName;
  readonly query?: Query;
}

export function useFigures(asked: Asked) {
  return useAnswer<FiguresAnswer>("figures", asked);
}

/** Metrics over time; with `compare`, beside the period of the same length before. */
export function useSeries(asked: Asked, compare: boolean) {
  return useAnswer<SeriesAnswer>("series", asked, compare);
}

export function useBottlenecks(asked: Asked) {
  return useAnswer<BottlenecksAnswer>("bottlenecks", asked);
}

export function useErrors(asked: Asked) {
  return useAnswer<ErrorGroup[]>("errors", asked);
}

export function useErrorDetail(fingerprint: string, asked: Asked) {
  return useAnswer<ErrorDetail>(`errors/${encodeURIComponent(fingerprint)}`, asked);
}

export function useErrorEvents(fingerprint: string, asked: Asked) {
  return useAnswer<ErrorEvent[]>(`errors/${encodeURIComponent(fingerprint)}/events`, asked);
}

export function useLive() {
  const { session } = useSigned();
  return useQuery({
    queryKey: ["observe", session.workspaceId, "live"],
    queryFn: async ({ signal }) => (await request<LiveAnswer>(session, `${ROOT}/live`, { signal })).body,
    refetchInterval: 2_000,
  });
}

export function useObservedPlans(asked: Asked) {
  const { session } = useSigned();
  return useInfiniteQuery({
    queryKey: ["observe", session.workspaceId, "plans", asked],
    queryFn: ({ pageParam, signal }) =>
      request<ObservedPlan[]>(session, pageParam ?? address("plans", asked, false), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
}

/** A plan's actions, page by page; a running plan's are asked for again. */
export function useTimeline(planId: string, running: boolean) {
  const { session } = useSigned();
  return useInfiniteQuery({
    queryKey: ["observe", session.workspaceId, "timeline", planId],
    queryFn: ({ pageParam, signal }) => request<Timeline>(session, pageParam, { signal }),
    initialPageParam: `${ROOT}/plans/${encodeURIComponent(planId)}/timeline`,
    getNextPageParam: (page) => page.next,
    refetchInterval: running ? 2_000 : false,
  });
}

export function usePlanBottlenecks(planId: string, running: boolean) {
  const { session } = useSigned();
  const path = `${ROOT}/plans/${encodeURIComponent(planId)}/bottlenecks`;
  return useQuery({
    queryKey: ["observe", session.workspaceId, "path", planId],
    queryFn: async ({ signal }) => (await request<PlanBottlenecks>(session, path, { signal })).body,
    refetchInterval: running ? 4_000 : false,
  });
}

/** Marks an error as resolved, or as open again. */
export function useErrorState(fingerprint: string) {
  const { session } = useSigned();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (act: "resolve" | "reopen") =>
      request<ErrorDetail>(session, `${ROOT}/errors/${encodeURIComponent(fingerprint)}/${act}`, { method: "POST" }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["observe"] }),
  });
}

function useAnswer<T>(path: string, asked: Asked, compare = false) {
  const { session } = useSigned();
  return useQuery({
    queryKey: ["observe", session.workspaceId, path, asked, compare],
    queryFn: async ({ signal }) => (await request<T>(session, address(path, asked, compare), { signal })).body,
    refetchInterval: FIGURES_MS,
    placeholderData: keepPreviousData,
  });
}

function address(path: string, { range, query = {} }: Asked, compare: boolean): string {
  const length = RANGES[range] * 3_600_000;
  const now = Date.now();
  const parameters = new URLSearchParams({ from: new Date(now - length).toISOString() });
  if (compare) parameters.set("compare_from", new Date(now - 2 * length).toISOString());
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== undefined) parameters.append(name, String(each));
  }
  return `${ROOT}/${path}?${parameters}`;
}
