/** Every plan that runs, and what its agents do at this moment. */
import type { LiveAction, LivePlan } from "@agentbus/contracts";
import { Skeleton, Stack, Text } from "@mantine/core";
import { IconActivity, IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useFiring } from "~/api/alerts";
import { useLive } from "~/api/observability";
import { Empty, Trouble } from "~/frame/States";
import { StatusIcon } from "~/plans/Status";
import { duration, exact, secondsBetween, useNow } from "~/time";
import classes from "./Observe.module.css";
import { count } from "./numbers";

const SHOWN = 6;

export function LivePage() {
  const { data, error, refetch, dataUpdatedAt } = useLive();
  const alerts = useFiring() ?? [];
  const overdue = new Map(alerts.map(({ subject, limit }) => [subject.action_id ?? "", limit]));
  const now = useNow(1_000);
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  // The server's clock goes on from its answer: this machine's may be another.
  const there = Date.parse(data.at) + Math.max(now - dataUpdatedAt, 0);
  if (data.plans.length === 0) {
    return (
      <Empty icon={<IconActivity size={24} />} title="Nothing runs now">
        As soon as a plan starts, its agents and what they are doing are here.
      </Empty>
    );
  }
  return (
    <>
      <Text size="sm" c="var(--quiet)" mb="xs" role="status">
        {count(data.plans_total)} running {data.plans_total === 1 ? "plan" : "plans"}, {count(data.actions_total)}{" "}
        {data.actions_total === 1 ? "action" : "actions"} at work
        {error && ` · as of ${exact(data.at)}: ${error.message}`}
      </Text>
      <ul className={classes.plain}>
        {data.plans.map((plan) => (
          <Row key={plan.plan_id} plan={plan} now={there} overdue={overdue} />
        ))}
      </ul>
      {data.plans_total > data.plans.length && (
        <Text size="sm" c="var(--quiet)" mt="sm">
          The newest {data.plans.length} are shown.
        </Text>
      )}
    </>
  );
}

/** What an action was to take, by its alert: it fires. */
type Overdue = ReadonlyMap<string, number | null>;

function Row({ plan, now, overdue }: { plan: LivePlan; now: number; overdue: Overdue }) {
  return (
    <li className={classes.live}>
      <Link to="/plan/$planId" params={{ planId: plan.plan_id }} className={classes.liveHead}>
        <StatusIcon status={plan.status} />
        <Text component="span" size="sm" fw={500} truncate className={classes.grow}>
          {plan.description || plan.plan_id}
        </Text>
        <span className={classes.quiet}>
          {count(plan.actions_done)} done{plan.failures > 0 && `, ${count(plan.failures)} failed`}
        </span>
        <span className={classes.quiet}>{duration(secondsBetween(plan.created_at, now))}</span>
      </Link>
      <ul className={classes.plain}>
        {plan.running.slice(0, SHOWN).map((action) => (
          <Action key={action.action_id} planId={plan.plan_id} action={action} now={now} limit={overdue.get(action.action_id) ?? null} />
        ))}
      </ul>
      {plan.running_total > SHOWN && (
        <Text size="xs" c="var(--quiet)" pl={30}>
          and {count(plan.running_total - SHOWN)} more
        </Text>
      )}
    </li>
  );
}

interface ActionProps {
  readonly planId: string;
  readonly action: LiveAction;
  readonly now: number;
  readonly limit: number | null;
}

function Action({ planId, action, now, limit }: ActionProps) {
  const so = secondsBetween(action.started_at, now);
  const late = action.expected_seconds !== null && so > action.expected_seconds;
  return (
    <li>
      <Link to="/plan/$planId" params={{ planId }} search={{ view: "activity", action: action.action_id }} className={classes.liveAction}>
        <b>{action.agent}</b>
        <span className={classes.grow}>{action.tool}</span>
        {(late || limit !== null) && (
          <span className={classes.late}>
            <IconAlertTriangle size={13} aria-hidden />{" "}
            {limit === null ? `usually ${duration(action.expected_seconds ?? 0)}` : `overdue: expected ${duration(limit)}`}
          </span>
        )}
        <span className={classes.quiet}>{duration(so)}</span>
      </Link>
    </li>
  );
}

function Waiting() {
  return (
    <Stack gap="sm" aria-label="Loading what runs" role="status">
      {[0, 1, 2].map((row) => (
        <Skeleton key={row} height={64} radius="md" />
      ))}
    </Stack>
  );
}
