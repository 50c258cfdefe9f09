/**
 * Everything that happened, as a virtual list. It follows only while its end is in sight; else what comes is
 * counted on a pill, and nothing that is being read moves.
 */
import { Button } from "@mantine/core";
import { IconArrowDown } from "@tabler/icons-react";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { hasEnded } from "~/api/plans";
import { EntryRow, LiveRow, Speaker } from "./EntryRow";
import type { PlanLog } from "./log";
import classes from "./Plan.module.css";
import { type Row, rowsOf } from "./rows";
import { Waiting } from "./Waiting";

interface Props {
  log: PlanLog;
  version: number;
  planId: string;
  byAgent: boolean;
  onAction: (id: string) => void;
}

export function Stream({ log, version, planId, byAgent, onAction }: Props) {
  // The log is mutable: its version tells that it changed.
  const rows = useMemo(() => rowsOf(log, byAgent), [log, version, byAgent]);
  const list = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => setMargin(list.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => 34,
    overscan: 12,
    scrollMargin: margin,
    getItemKey: (index) => rows[index]?.key ?? index,
  });
  const ended = hasEnded(log.status);
  const { following, unseen, follow } = useFollowing(rows.length, log.complete && !ended && !byAgent);
  const waiting = log.waiting === null || ended ? undefined : log.entries[log.waiting];
  return (
    <>
      <div ref={list} className={classes.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index];
          if (!row) return null;
          return (
            <div
              key={key}
              ref={virtual.measureElement}
              data-index={index}
              className={classes.rowBox}
              data-speaks={row.speaker !== "" || undefined}
              style={{ transform: `translateY(${start - margin}px)` }}
            >
              {!isWide(row) && <Speaker name={row.speaker} />}
              {row.kind === "entry" ? <EntryRow entry={row.entry} onAction={onAction} /> : <LiveRow text={row.text} />}
            </div>
          );
        })}
      </div>
      {waiting && waiting.kind !== "action" && <Waiting entry={waiting} planId={planId} />}
      {!following && unseen > 0 && (
        <Button className={classes.pill} radius="xl" size="xs" leftSection={<IconArrowDown size={14} />} onClick={follow}>
          {unseen} new
        </Button>
      )}
    </>
  );
}

function isWide(row: Row): boolean {
  return row.kind === "entry" && (row.entry.kind === "note" || row.entry.kind === "report");
}

function useFollowing(count: number, live: boolean) {
  const [following, setFollowing] = useState(false);
  const [seen, setSeen] = useState(count);
  const opened = useRef(false);
  const toEnd = () => window.scrollTo({ top: document.documentElement.scrollHeight });
  useEffect(() => {
    const look = () => {
      const rest = document.documentElement.scrollHeight - innerHeight - scrollY;
      setFollowing(rest < 80);
    };
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  useEffect(() => {
    // A running plan opens at its end; a finished one at its beginning.
    if (live && (following || !opened.current)) {
      toEnd();
      setFollowing(true);
    }
    if (following || !live) setSeen(count);
    opened.current ||= live;
  }, [count, following, live]);
  return {
    following,
    unseen: Math.max(0, count - seen),
    follow: () => {
      setFollowing(true);
      toEnd();
    },
  };
}
