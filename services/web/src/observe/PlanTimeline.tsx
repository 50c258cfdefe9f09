/** A plan as a waterfall of its nested actions: what took how long, what the plan waited for, what failed. */
import type { PlanBottlenecks } from "@agentbus/contracts";
import { Button, RangeSlider, Skeleton, Text, VisuallyHidden } from "@mantine/core";
import { IconTimeline } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { usePlanBottlenecks, useTimeline } from "~/api/observability";
import { Empty, Trouble } from "~/frame/States";
import { duration } from "~/time";
import classes from "./Observe.module.css";
import { count, percent } from "./numbers";
import { type Bar, bars, onPath, within } from "./waterfall";

interface PlanTimelineProps {
  readonly planId: string;
  readonly running: boolean;
  readonly onAction: (actionId: string) => void;
}

const ROW_PIXELS = 28;
const STEPS = 1000;

export function PlanTimeline({ planId, running, onAction }: PlanTimelineProps) {
  const timeline = useTimeline(planId, running);
  const { data: path } = usePlanBottlenecks(planId, running);
  const [zoom, setZoom] = useState<[number, number]>([0, STEPS]);
  const pages = timeline.data?.pages;
  const rows = useMemo(() => bars((pages ?? []).flatMap((page) => page.body.actions)), [pages]);
  if (timeline.error && !pages) return <Trouble error={timeline.error} retry={() => void timeline.refetch()} />;
  const plan = pages?.at(-1)?.body.plan;
  if (!plan) return <Skeleton height={240} aria-label="Loading the timeline" role="status" />;
  if (rows.length === 0) {
    return (
      <Empty icon={<IconTimeline size={24} />} title="No actions yet">
        As soon as an agent begins an action, it is drawn here.
      </Empty>
    );
  }
  const length = Math.max(plan.seconds, ...rows.map(({ ends }) => ends), 0.001);
  const shown: [number, number] = [(zoom[0] / STEPS) * length, (zoom[1] / STEPS) * length];
  return (
    <>
      {path && <Path path={path} />}
      <RangeSlider
        size="sm"
        mt="xl"
        mb="md"
        min={0}
        max={STEPS}
        minRange={1}
        value={zoom}
        onChange={setZoom}
        label={(value) => duration((value / STEPS) * length)}
        thumbFromLabel="Shown from"
        thumbToLabel="Shown to"
      />
      <Rows rows={within(rows, shown)} shown={shown} path={onPath(path)} onAction={onAction} />
      {timeline.hasNextPage && (
        <Button variant="subtle" fullWidth mt="sm" loading={timeline.isFetchingNextPage} onClick={() => void timeline.fetchNextPage()}>
          {count(rows.length)} actions are shown; show later ones
        </Button>
      )}
    </>
  );
}

/** What the plan's duration consists of. */
function Path({ path }: { path: PlanBottlenecks }) {
  const most = path.shares.filter(({ path_seconds }) => path_seconds > 0).slice(0, 3);
  return (
    <Text size="sm" c="var(--quiet)" mt="xs">
      {duration(path.seconds)} in all: {duration(path.working_seconds)} at work, {duration(path.waiting_seconds)} waiting.
      {most.length > 0 && " Most went to "}
      {most.map(({ agent, tool, path_share }) => `${tool} by ${agent} (${percent(path_share)})`).join(", ")}
      {most.length > 0 && ". Dark bars are what the duration depends on."}
    </Text>
  );
}

interface RowsProps {
  readonly rows: readonly Bar[];
  readonly shown: readonly [number, number];
  readonly path: ReadonlySet<string>;
  readonly onAction: (actionId: string) => void;
}

function Rows({ rows, shown: [from, to], path, onAction }: RowsProps) {
  const scroll = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_PIXELS,
    overscan: 12,
  });
  const left = (at: number) => (100 * (at - from)) / (to - from);
  return (
    <div ref={scroll} className={classes.waterfall} tabIndex={0} role="region" aria-label="Waterfall">
      <div style={{ position: "relative", height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          if (!row) return null;
          const { action, depth, starts, ends } = row;
          return (
            <button
              key={action.action_id}
              type="button"
              className={classes.bar}
              style={{ transform: `translateY(${start}px)` }}
              title={action.error_message ?? `${action.agent}: ${action.tool}`}
              onClick={() => onAction(action.action_id)}
            >
              <span className={classes.name} style={{ paddingInlineStart: Math.min(depth, 8) * 14 }}>
                <b>{action.tool}</b> <span className="quiet">{action.agent}</span>
              </span>
              <span className={classes.track}>
                <i
                  data-status={action.status}
                  data-path={path.has(action.action_id) ? "" : undefined}
                  style={{ left: `${left(starts)}%`, width: `${left(ends) - left(starts)}%` }}
                />
              </span>
              <span className={classes.quiet} style={{ textAlign: "end" }}>
                {action.status === "failed" && "failed "}
                {duration(action.seconds)}
                <VisuallyHidden>, {duration(starts)} after the plan's begin</VisuallyHidden>
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
