/** The head of a plan's page: what is asked, how it stands, how long it takes, and the way to stop it. */
import { ActionIcon, Button, CopyButton, Group, Progress, Title, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconCheck, IconCopy, IconPlayerStop } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { hasEnded, usePlanCommand } from "~/api/plans";
import { StatusBadge } from "~/plans/Status";
import { useSigned } from "~/session/SessionGate";
import { duration, exact, relative, secondsBetween, useNow } from "~/time";
import type { Connection } from "./live";
import { LiveState } from "./LiveState";
import { payloadOf, type PlanLog } from "./log";
import classes from "./Plan.module.css";

interface HeaderProps {
  log: PlanLog;
  planId: string;
  connection: Connection;
  reconnect: () => void;
}

export function Header({ log, planId, connection, reconnect }: HeaderProps) {
  const created = log.created;
  const running = !hasEnded(log.status);
  const now = useNow(1_000, running);
  if (!created) return null;
  const { description, team } = payloadOf<"plan_created">(created);
  const share = log.progress && (100 * log.progress.done) / Math.max(log.progress.total, 1);
  return (
    <header>
      <Link to="/plans" className={classes.back}>
        <IconArrowLeft size={14} aria-hidden /> Plans
      </Link>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="md">
        <Title order={1} className={classes.goal} lineClamp={3}>
          {description}
        </Title>
        {running && <Cancel planId={planId} />}
      </Group>
      <div className={classes.facts}>
        <StatusBadge status={log.status} />
        <span className="figures">{duration(secondsBetween(created.timestamp, log.endedAt ?? now))}</span>
        <span>{team.name}</span>
        <Tooltip label={exact(created.timestamp)}>
          <time dateTime={created.timestamp}>started {relative(created.timestamp, now)}</time>
        </Tooltip>
        <Copyable id={planId} />
        <LiveState connection={connection} running={running} reconnect={reconnect} />
      </div>
      {running && share !== null && (
        <Progress value={share} size={4} mt="sm" aria-label={`Step ${log.progress?.done} of ${log.progress?.total}`} />
      )}
    </header>
  );
}

function Cancel({ planId }: { planId: string }) {
  const { session } = useSigned();
  const cancel = usePlanCommand(`plans/${planId}/cancel`);
  if (session.role === "viewer") return null;
  return (
    <Button
      variant="default"
      leftSection={<IconPlayerStop size={16} />}
      loading={cancel.isPending}
      disabled={cancel.isSuccess}
      className={classes.cancel}
      onClick={() => cancel.mutate({ reason: "cancelled in the web app" })}
    >
      {cancel.isSuccess ? "Cancelling…" : "Cancel"}
    </Button>
  );
}

function Copyable({ id }: { id: string }) {
  return (
    <CopyButton value={id}>
      {({ copied, copy }) => (
        <span className={classes.id}>
          <code>{id.slice(0, 8)}</code>
          <Tooltip label={copied ? "Copied" : "Copy the plan's id"}>
            <ActionIcon size="xs" variant="transparent" color="gray" aria-label="Copy the plan's id" onClick={copy}>
              {copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
            </ActionIcon>
          </Tooltip>
        </span>
      )}
    </CopyButton>
  );
}
