/** One plan: what is asked, how far it is, everything that its agents do, as it happens. */
import { ActionIcon, Button, CopyButton, Group, Progress, SegmentedControl, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconCheck, IconCopy, IconPlayerStop } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { hasEnded, usePlanCommand } from "~/api/plans";
import { Trouble } from "~/frame/States";
import { StatusBadge } from "~/plans/Status";
import { useSigned } from "~/session/SessionGate";
import { duration, exact, relative, secondsBetween, useNow } from "~/time";
import { ActionDetail } from "./ActionDetail";
import type { Connection } from "./live";
import { LiveState } from "./LiveState";
import { payloadOf, type PlanLog } from "./log";
import classes from "./Plan.module.css";
import { Steps } from "./Steps";
import { Stream } from "./Stream";
import { usePlan } from "./usePlan";

export function PlanPage() {
  const { planId } = useParams({ from: "/plan/$planId" });
  const { action, by } = useSearch({ from: "/plan/$planId" });
  const navigate = useNavigate({ from: "/plan/$planId" });
  const { log, version, connection, reconnect } = usePlan(planId);
  const show = (next: string | undefined) =>
    void navigate({ search: ({ action: _, ...old }) => (next ? { ...old, action: next } : old), resetScroll: false });
  if (connection.state === "refused") return <Refused connection={connection} />;
  if (!log.created) return <Opening connection={connection} />;
  return (
    <main className={classes.page}>
      <Header log={log} planId={planId} connection={connection} reconnect={reconnect} />
      <div className={classes.columns}>
        <section className={classes.stream} aria-label="What the agents do">
          <Group justify="space-between" mb="xs">
            <Text component="h2" size="sm" fw={600}>
              Activity
            </Text>
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
          </Group>
          <Stream log={log} version={version} planId={planId} byAgent={by === "agent"} onAction={show} />
        </section>
        <Steps log={log} />
      </div>
      <ActionDetail log={log} actionId={action} onClose={() => show(undefined)} />
    </main>
  );
}

interface HeaderProps {
  log: PlanLog;
  planId: string;
  connection: Connection;
  reconnect: () => void;
}

function Header({ log, planId, connection, reconnect }: HeaderProps) {
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

function Opening({ connection }: { connection: Connection }) {
  return (
    <main aria-busy>
      <Stack role="status" aria-label="Opening the plan">
        <Skeleton height={14} width={60} />
        <Skeleton height={26} width="60%" />
        <Skeleton height={18} width="35%" />
        {[0, 1, 2, 3].map((row) => (
          <Skeleton key={row} height={36} mt={row === 0 ? "lg" : 0} />
        ))}
      </Stack>
      <Text size="sm" c="var(--quiet)" mt="md">
        {connection.state === "lost" ? "Not connected. It is tried again." : connection.state === "live" ? "Waiting for a runner to take the plan on." : ""}
      </Text>
    </main>
  );
}

function Refused({ connection }: { connection: Extract<Connection, { state: "refused" }> }) {
  const message =
    connection.code === 4404
      ? "There is no such plan in this workspace."
      : connection.reason || "The system does not let you watch this plan.";
  return (
    <main>
      <Trouble error={new Error(message)} />
      <Button component={Link} to="/plans" variant="default" mt="md">
        Go to the plans
      </Button>
    </main>
  );
}
