/** An alert: how it stands, why, what to do, what became of it; and who takes it in hand or silences it. */
import type { AlertWithHistory } from "@agentbus/contracts";
import { Button, Drawer, Group, Skeleton, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect } from "react";
import { useAlert } from "~/api/alerts";
import { Trouble } from "~/frame/States";
import { CopyTrace } from "~/observe/CopyTrace";
import { duration, exact, secondsBetween, useNow } from "~/time";
import { Acts } from "./Acts";
import { DiagnosisPart } from "./DiagnosisPart";
import { HistoryPart } from "./HistoryPart";
import { Notes, SeverityTag, StateTag } from "./Marks";
import { Part } from "./Part";
import { Recommended } from "./Recommended";
import { nameOf, ruleWords, whereOf } from "./words";

export function AlertPanel() {
  const { alertId } = useParams({ from: "/observe/alerts/$alertId" });
  const navigate = useNavigate();
  const { data, error, refetch } = useAlert(alertId);
  // Who looks at it need not be told of it.
  useEffect(() => void notifications.hide(alertId), [alertId]);
  const close = () => void navigate({ to: "/observe/alerts", search: (old) => old, resetScroll: false });
  return (
    <Drawer opened onClose={close} title={data ? ruleWords(data.rule) : "Alert"} closeButtonProps={{ "aria-label": "Close" }}>
      {error && !data && <Trouble error={error} retry={() => void refetch()} />}
      {!data && !error && <Waiting />}
      {data && <Panel key={alertId} alert={data} />}
    </Drawer>
  );
}

function Panel({ alert }: { alert: AlertWithHistory }) {
  return (
    <Stack gap="lg">
      <Head alert={alert} />
      <Acts alert={alert} />
      <Part title="What to do">
        <Recommended text={alert.recommendation} />
        <Links alert={alert} />
      </Part>
      {alert.diagnosis && <DiagnosisPart alert={alert} diagnosis={alert.diagnosis} />}
      <HistoryPart alert={alert} />
    </Stack>
  );
}

function Head({ alert }: { alert: AlertWithHistory }) {
  const open = alert.state !== "resolved";
  const now = useNow(1_000, open);
  return (
    <div>
      <Group gap={6} mb={8}>
        <StateTag state={alert.state} />
        <SeverityTag severity={alert.severity} />
        <Notes alert={alert} />
        <Text size="xs" c="var(--quiet)" className="figures" title={exact(alert.since)}>
          {open ? "since" : "lasted"} {duration(secondsBetween(alert.since, alert.resolved_at ?? now))}
        </Text>
      </Group>
      <Text size="sm">{alert.summary}</Text>
      <Text size="xs" c="var(--quiet)" mt={2}>
        {whereOf(alert.subject)}
      </Text>
    </div>
  );
}

const SMALL = { size: "xs", variant: "default" } as const;

/** To what it is about: the plan, its waterfall, errors of the same kind, the runbook. */
function Links({ alert: { subject, rule, runbook, diagnosis } }: { alert: AlertWithHistory }) {
  const { plan_id: planId, action_id: action, agent, tool } = subject;
  const same = { ...(agent ? { agent } : {}), ...(tool ? { tool } : {}) };
  return (
    <Group gap="xs" mt="sm">
      {planId && (
        <Button
          {...SMALL}
          renderRoot={(props) => (
            <Link {...props} to="/plan/$planId" params={{ planId }} search={{ view: "activity", ...(action ? { action } : {}) }} />
          )}
        >
          Open the plan here
        </Button>
      )}
      {planId && (
        <Button {...SMALL} renderRoot={(props) => <Link {...props} to="/plan/$planId" params={{ planId }} search={{ view: "timeline" }} />}>
          Timeline
        </Button>
      )}
      {(agent || tool) && (
        <Button {...SMALL} renderRoot={(props) => <Link {...props} to="/observe/errors" search={same} />}>
          Errors
        </Button>
      )}
      {rule === "CostAboveLimit" && (
        <Button {...SMALL} renderRoot={(props) => <Link {...props} to="/observe/agents" search={{ by: "model" }} />}>
          Cost by model
        </Button>
      )}
      <Button {...SMALL} renderRoot={(props) => <Link {...props} to="/observe/runbooks/$name" params={{ name: nameOf(runbook) }} />}>
        Runbook
      </Button>
      {diagnosis?.trace_id && <CopyTrace traceId={diagnosis.trace_id} />}
    </Group>
  );
}

function Waiting() {
  return (
    <Stack aria-label="Loading the alert" role="status">
      <Skeleton height={20} width="45%" />
      <Skeleton height={48} />
      <Skeleton height={140} />
    </Stack>
  );
}
