/**
 * Whether the system answers and what waits to be sent: always in sight, by colour and word. A refused token
 * ends the session.
 */
import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiProblem, request } from "~/api/http";
import { useSigned } from "~/session/SessionGate";
import { useSync } from "~/workspace/WorkspaceProvider";
import classes from "./Frame.module.css";

export function Connection() {
  const { session, signOut } = useSigned();
  const { error, failureReason } = useQuery({
    queryKey: ["connection"],
    queryFn: ({ signal }) => request<unknown>(session, "/api/v3/plans?limit=1", { signal }),
    refetchInterval: ({ state }) => (state.error || state.fetchFailureReason ? 2_000 : 15_000),
    refetchOnWindowFocus: "always",
    networkMode: "always",
    retry: false,
  });
  const problem = error ?? failureReason;
  useEffect(() => {
    if (problem instanceof ApiProblem && problem.status === 401) {
      signOut("Your token does not hold any more. Sign in with a new one.");
    }
  }, [problem, signOut]);
  const sync = useSync();
  const waiting = sync?.waiting ?? 0;
  const offline = Boolean(problem) || sync?.connected === false;
  const [word, told] = wording(offline, waiting);
  return (
    <Tooltip label={told}>
      <span className={classes.state} data-state={offline ? "trouble" : "fine"} role="status" tabIndex={0}>
        <span className={classes.dot} aria-hidden />
        {word}
      </span>
    </Tooltip>
  );
}

function wording(offline: boolean, waiting: number): [string, string] {
  const changes = waiting === 1 ? "1 change" : `${waiting} changes`;
  if (offline && waiting > 0) {
    return [`Offline · ${changes} to send`, "Your changes are kept in this browser, and sent when the system answers."];
  }
  if (offline) return ["Offline", "You can go on working: tasks and environments are here. It is tried again."];
  if (waiting > 0) return [`Sending ${changes}`, "Your changes are on their way."];
  return ["Online", "Everything is saved."];
}
