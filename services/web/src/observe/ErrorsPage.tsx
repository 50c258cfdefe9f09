/** What broke, by kind: how often, where last, whether somebody has mended it. */
import type { ErrorGroup } from "@agentbus/contracts";
import { Skeleton, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { Link, Outlet, useSearch } from "@tanstack/react-router";
import { type ErrorState, useErrors } from "~/api/observability";
import { Empty, Trouble } from "~/frame/States";
import { exact, relative, useNow } from "~/time";
import classes from "./Observe.module.css";
import { count } from "./numbers";
import { Tag } from "./Tag";

export function ErrorsPage() {
  const { range = "24h", agent, tool } = useSearch({ from: "/observe" });
  const { data, error, refetch } = useErrors({ range, query: { agent, tool } });
  const now = useNow(30_000);
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={240} aria-label="Loading errors" role="status" />;
  return (
    <>
      {data.length === 0 ? (
        <Empty icon={<IconCircleCheck size={24} />} title="No errors in this range">
          When an action or a plan fails, its error is here: with its stack, what it was called with, and where else it
          was met.
        </Empty>
      ) : (
        <ul className={classes.plain}>
          {data.map((each) => (
            <Row key={each.fingerprint} error={each} now={now} />
          ))}
        </ul>
      )}
      <Outlet />
    </>
  );
}

function Row({ error, now }: { error: ErrorGroup; now: number }) {
  return (
    <li>
      <Link
        to="/observe/errors/$fingerprint"
        params={{ fingerprint: error.fingerprint }}
        search={(old) => old}
        className={classes.error}
        resetScroll={false}
      >
        <span className={classes.grow}>
          <Text component="span" size="sm" fw={600}>
            {error.type}
          </Text>{" "}
          <State state={error.state} />
          <Text size="sm" lineClamp={2}>
            {error.message}
          </Text>
          <Text size="xs" c="var(--quiet)">
            {error.service} {error.version}
          </Text>
        </span>
        <span className={classes.quiet} style={{ textAlign: "end" }}>
          {count(error.count_in_range)} × in {count(error.plans_in_range)} {error.plans_in_range === 1 ? "plan" : "plans"}
          <br />
          <time dateTime={error.last_seen_at} title={exact(error.last_seen_at)}>
            {relative(error.last_seen_at, now)}
          </time>
        </span>
      </Link>
    </li>
  );
}

const STATES: Readonly<Record<ErrorState, { word: string; color: string }>> = {
  open: { word: "open", color: "gray" },
  resolved: { word: "resolved", color: "teal" },
  regressed: { word: "came back", color: "red" },
};

export function State({ state }: { state: ErrorState }) {
  return <Tag {...STATES[state]} />;
}
