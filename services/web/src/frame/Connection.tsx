/** Whether the system answers: always in sight, by colour and word. A refused token ends the session. */
import { Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiProblem, request } from "~/api/http";
import { useSigned } from "~/session/SessionGate";
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
  const [word, told] = problem
    ? ["Offline", "The system does not answer. It is tried again every two seconds."]
    : ["Online", "The system answers."];
  return (
    <Tooltip label={told}>
      <span className={classes.state} data-state={problem ? "trouble" : "fine"} role="status" tabIndex={0}>
        <span className={classes.dot} aria-hidden />
        {word}
      </span>
    </Tooltip>
  );
}
