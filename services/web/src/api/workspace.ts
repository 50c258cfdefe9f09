/** The workspace's routes that are no replication: which there are, history, conflicts, secrets. They need the system. */
import type { Conflict, HistoryEntry, ListedSecret, ListedWorkspace } from "@agentbus/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useSigned } from "~/session/SessionGate";
import type { CollectionName } from "~/workspace/documents";
import { request } from "./http";

function useBase(): string {
  return `/api/v3/workspaces/${encodeURIComponent(useSigned().session.workspaceId)}`;
}

/** The caller's workspaces. Asked every `every` milliseconds, it also tells whether the system answers and stores. */
export function useWorkspaces(every?: (failed: boolean) => number) {
  const { session } = useSigned();
  return useQuery({
    queryKey: ["workspaces", session.token],
    queryFn: ({ signal }) => request<ListedWorkspace[]>(session, "/api/v3/workspaces", { signal }),
    refetchInterval: ({ state }) => every?.(Boolean(state.error ?? state.fetchFailureReason)) ?? false,
    refetchOnWindowFocus: "always",
    networkMode: "always",
    retry: false,
  });
}

export function useHistory(collection: CollectionName, id: string) {
  const { session } = useSigned();
  const query = new URLSearchParams({ collection, id, limit: "50" });
  const path = `${useBase()}/history?${query}`;
  return useQuery({
    queryKey: ["history", collection, id],
    queryFn: ({ signal }) => request<HistoryEntry[]>(session, path, { signal }),
  });
}

export function useConflicts() {
  const { session } = useSigned();
  const path = `${useBase()}/conflicts?limit=100`;
  return useQuery({
    queryKey: ["conflicts", session.workspaceId],
    queryFn: ({ signal }) => request<Conflict[]>(session, path, { signal }),
    refetchInterval: 10_000,
  });
}

export function useUndoConflict() {
  const { session } = useSigned();
  const [base, queries] = [useBase(), useQueryClient()];
  return useMutation({
    mutationFn: (number: number) =>
      request<Conflict>(session, `${base}/conflicts/${number}/undo`, { method: "POST" }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["conflicts"] }),
  });
}

export function useSecrets(environmentId: string) {
  const { session } = useSigned();
  const queries = useQueryClient();
  const path = `${useBase()}/environments/${encodeURIComponent(environmentId)}/secrets`;
  const changed = { onSettled: () => queries.invalidateQueries({ queryKey: ["secrets", environmentId] }) };
  const list = useQuery({
    queryKey: ["secrets", environmentId],
    queryFn: ({ signal }) => request<ListedSecret[]>(session, path, { signal }),
  });
  const put = useMutation({
    mutationFn: ({ name, value }: { name: string; value: string }) =>
      request<ListedSecret>(session, `${path}/${encodeURIComponent(name)}`, { method: "PUT", body: { value } }),
    ...changed,
  });
  const remove = useMutation({
    mutationFn: (name: string) =>
      request<void>(session, `${path}/${encodeURIComponent(name)}`, { method: "DELETE" }),
    ...changed,
  });
  return { list, put, remove };
}
