/** One plan in the list. */
import type { Plan } from "@agentbus/contracts";
import { Text, Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { hasEnded, waits } from "~/api/plans";
import { duration, exact, relative, secondsBetween, useNow } from "~/time";
import classes from "./Plans.module.css";
import { StatusIcon, statusWord } from "./Status";

export function PlanRow({ plan }: { plan: Plan }) {
  const ended = hasEnded(plan.status);
  const now = useNow(ended ? 30_000 : 1_000);
  const took = secondsBetween(plan.created_at, ended ? plan.updated_at : now);
  return (
    <li>
      <Link to="/plan/$planId" params={{ planId: plan.plan_id }} className={classes.row}>
        <StatusIcon status={plan.status} />
        <span className={classes.goal}>
          <Text component="span" fw={500} size="sm" truncate>
            {plan.description}
          </Text>
          <Text component="span" size="xs" c={waits(plan.status) ? "var(--wants)" : "var(--quiet)"} truncate>
            {currentLine(plan)}
          </Text>
        </span>
        <span className={classes.figures}>
          <span>{duration(took)}</span>
          <Tooltip label={exact(plan.created_at)}>
            <time dateTime={plan.created_at}>{relative(plan.created_at, now)}</time>
          </Tooltip>
        </span>
      </Link>
    </li>
  );
}

function currentLine(plan: Plan): string {
  if (hasEnded(plan.status)) return plan.error?.message ?? (plan.summary || statusWord(plan.status));
  const latest = plan.agent_progress.toSorted((a, b) => b.timestamp.localeCompare(a.timestamp))[0];
  if (waits(plan.status) || !latest) return statusWord(plan.status);
  return `${latest.agent_name} is at work · ${plan.last_seq} messages`;
}
