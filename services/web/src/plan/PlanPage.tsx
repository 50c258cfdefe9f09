/** One plan: what is asked, how far it is, everything that its agents do as it happens, and what it came to. */
import { SegmentedControl, Tabs } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { hasEnded } from "~/api/plans";
import type { PlanSearch } from "~/router";
import { ActionDetail } from "./ActionDetail";
import { Header } from "./Header";
import type { PlanLog } from "./log";
import { Markdown } from "./Markdown";
import { Opening, Refused } from "./Opening";
import classes from "./Plan.module.css";
import { Steps } from "./Steps";
import { Stream } from "./Stream";
import { usePlan } from "./usePlan";

const PlanTimeline = lazy(async () => ({ default: (await import("~/observe/PlanTimeline")).PlanTimeline }));

export function PlanPage() {
  const { planId } = useParams({ from: "/plan/$planId" });
  const { log, version, connection, reconnect } = usePlan(planId);
  if (connection.state === "refused") return <Refused connection={connection} />;
  const reading = connection.state === "history" && !log.complete && !hasEnded(log.status);
  if (!log.created || reading) return <Opening connection={connection} />;
  return (
    <div>
      <Header log={log} planId={planId} connection={connection} reconnect={reconnect} />
      <Body key={planId} log={log} version={version} planId={planId} />
    </div>
  );
}

function Body({ log, version, planId }: { log: PlanLog; version: number; planId: string }) {
  const { action, by, view } = useSearch({ from: "/plan/$planId" });
  const navigate = useNavigate({ from: "/plan/$planId" });
  // What ends while it is watched does not turn the page over.
  const [opensOn] = useState(() => (hasEnded(log.status) && log.report ? "report" : "activity"));
  const shown = view ?? opensOn;
  const show = (next: string | undefined) =>
    void navigate({ search: ({ action: _, ...old }) => (next ? { ...old, action: next } : old), resetScroll: false });
  return (
    <div className={classes.columns}>
      <Tabs
        className={classes.stream}
        value={shown}
        onChange={(tab) => void navigate({ search: (old) => ({ ...old, view: tab as NonNullable<PlanSearch["view"]> }), replace: true })}
      >
        <div className={classes.tabs}>
          <Tabs.List>
            <Tabs.Tab value="activity">Activity</Tabs.Tab>
            <Tabs.Tab value="timeline">Timeline</Tabs.Tab>
            {log.report && <Tabs.Tab value="report">Report</Tabs.Tab>}
          </Tabs.List>
          {shown === "activity" && (
            <SegmentedControl
              size="xs"
              aria-label="Order"
              value={by ?? "time"}
              data={[
                { value: "time", label: "By time" },
                { value: "agent", label: "By agent" },
              ]}
              onChange={(value) =>
                void navigate({
                  search: ({ by: _, ...old }) => (value === "agent" ? { ...old, by: "agent" } : old),
                  replace: true,
                })
              }
            />
          )}
        </div>
        <Tabs.Panel value="activity">
          {shown === "activity" && (
            <Stream log={log} version={version} planId={planId} byAgent={by === "agent"} onAction={show} />
          )}
        </Tabs.Panel>
        <Tabs.Panel value="timeline">
          {shown === "timeline" && (
            <Suspense>
              <PlanTimeline planId={planId} running={!hasEnded(log.status)} onAction={show} />
            </Suspense>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="report">{log.report && <Markdown text={log.report} />}</Tabs.Panel>
      </Tabs>
      <Steps log={log} />
      <ActionDetail log={log} actionId={action} onClose={() => show(undefined)} />
    </div>
  );
}
