/** The plan's steps and how each stands. */
import type { Step } from "@agentbus/contracts";
import { Text } from "@mantine/core";
import { IconCircleCheckFilled, IconCircleDashed, IconCircleXFilled, IconLoader2 } from "@tabler/icons-react";
import { hasEnded } from "~/api/plans";
import type { PlanLog } from "./log";
import classes from "./Plan.module.css";

export function Steps({ log }: { log: PlanLog }) {
  const agents = log.team?.agents ?? [];
  const done = log.steps.filter((step) => step.status === "completed").length;
  return (
    <aside className={classes.aside} aria-label="Steps and agents" tabIndex={0}>
      <Text component="h2" size="sm" fw={600}>
        Steps{" "}
        <Text component="span" size="xs" c="var(--quiet)" className="figures">
          {log.steps.length > 0 && `${done} of ${log.steps.length}`}
        </Text>
      </Text>
      {log.steps.length === 0 && (
        <Text size="sm" c="var(--quiet)" mt={6}>
          {hasEnded(log.status) ? "It ended before it had steps." : "The agents are still planning."}
        </Text>
      )}
      <ol className={classes.steps}>
        {log.steps.map((step) => (
          <li key={step.id} data-status={step.status}>
            <StepIcon status={step.status} ended={hasEnded(log.status)} />
            <span>
              {step.description}
              <small>{step.agent}</small>
            </span>
          </li>
        ))}
      </ol>
      {agents.length > 0 && (
        <>
          <Text component="h2" size="sm" fw={600} mt="lg">
            Agents
          </Text>
          <ul className={classes.agents}>
            {agents.map((agent) => (
              <li key={agent.name}>
                <b>{agent.name}</b> {agent.description}
              </li>
            ))}
          </ul>
        </>
      )}
    </aside>
  );
}

function StepIcon({ status, ended }: { status: Step["status"]; ended: boolean }) {
  if (status === "completed") return <IconCircleCheckFilled size={16} aria-label="done" role="img" />;
  if (status === "failed") return <IconCircleXFilled size={16} aria-label="failed" role="img" />;
  if (status === "in_progress" && !ended) {
    return <IconLoader2 size={16} className="turns" aria-label="running" role="img" />;
  }
  return <IconCircleDashed size={16} aria-label="not begun" role="img" />;
}
