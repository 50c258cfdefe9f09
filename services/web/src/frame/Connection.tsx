/**
 * Whether the system answers, whether it stores, what waits to be sent and what two have changed at once: always
 * in sight, by colour and word. A refused token ends the session.
 */
import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { ApiProblem } from "~/api/http";
import { useConflicts, useWorkspaces } from "~/api/workspace";
import { useSigned } from "~/session/SessionGate";
import type { SyncState } from "~/workspace/open";
import { useSync } from "~/workspace/WorkspaceProvider";
import classes from "./Frame.module.css";

export function Connection() {
  const { signOut } = useSigned();
  const sync = useSync();
  const waiting = sync?.waiting ?? 0;
  const { error, failureReason } = useWorkspaces((failed) => (failed || waiting > 0 ? 2_000 : 15_000));
  const problem = error ?? failureReason;
  const expired = sync?.socket === "expired" || (problem instanceof ApiProblem && problem.status === 401);
  useEffect(() => {
    if (expired) signOut("Your token does not hold any more. Sign in with a new one.");
  }, [expired, signOut]);
  const standing = standingOf(sync, problem);
  const [word, told] = wording(standing, waiting);
  return (
    <>
      <Conflicts />
      <Tooltip label={told}>
        <span className={classes.state} data-state={standing} role="status" tabIndex={0}>
          <span className={classes.dot} aria-hidden />
          {word}
        </span>
      </Tooltip>
    </>
  );
}

function Conflicts() {
  const open = (useConflicts().data?.body ?? []).filter(({ undone }) => !undone).length;
  if (open === 0) return null;
  return (
    <Tooltip label="Two have changed the same at once. See what won, and put back what should have.">
      <Link to="/workspace/conflicts" className={classes.state} data-state="conflict">
        {open === 1 ? "1 conflict" : `${open} conflicts`}
      </Link>
    </Tooltip>
  );
}

type Standing = "connecting" | "fine" | "offline" | "paused" | "refused";

function standingOf(sync: SyncState | null, problem: Error | null): Standing {
  const status = problem instanceof ApiProblem ? problem.status : 0;
  if (sync?.socket === "refused" || status === 403) return "refused";
  if (problem) return status === 0 ? "offline" : "paused";
  if (sync === null || sync.socket === "connecting") return "connecting";
  return sync.socket === "lost" ? "offline" : "fine";
}

function wording(standing: Standing, waiting: number): [string, string] {
  const changes = waiting === 1 ? "1 change" : `${waiting} changes`;
  const toSend = waiting > 0 ? ` · ${changes} to send` : "";
  switch (standing) {
    case "connecting":
      return ["Connecting", "The workspace is opened."];
    case "refused":
      return ["No access", "Your token does not let you into this workspace. Choose another, or sign in anew."];
    case "paused":
      return [`Saving paused${toSend}`, "The system answers, but cannot store now. Changes are kept in this browser."];
    case "offline":
      return [
        `Offline${toSend}`,
        waiting > 0
          ? "Your changes are kept in this browser, and sent when the system answers."
          : "You can go on working: tasks and environments are here. It is tried again.",
      ];
    case "fine":
      return waiting > 0 ? [`Sending ${changes}`, "Your changes are on their way."] : ["Online", "Everything is saved."];
  }
}
