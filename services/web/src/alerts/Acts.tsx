/** What people do with an alert: take it in hand, silence it, allow it more time. Viewers are told that they cannot. */
import type { AlertWithHistory } from "@agentbus/contracts";
import { Button, Collapse, Group, NumberInput, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconBellOff, IconClockPlus, IconUserCheck } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { type LimitKind, useAcknowledge, useSetLimit } from "~/api/alerts";
import { Trouble } from "~/frame/States";
import { useSigned } from "~/session/SessionGate";
import { duration } from "~/time";
import { Silenced } from "./Silenced";
import { SilenceForm } from "./SilenceForm";

export function Acts({ alert }: { alert: AlertWithHistory }) {
  const { session } = useSigned();
  const [open, setOpen] = useState<"silence" | "limit" | null>(null);
  if (session.role === "viewer") {
    return (
      <Text size="sm" c="var(--quiet)">
        Your role, viewer, can read alerts. Editors take them in hand and silence them.
      </Text>
    );
  }
  if (alert.state === "resolved") return null;
  const toggle = (form: "silence" | "limit") => setOpen((old) => (old === form ? null : form));
  const limited = limitOf(alert);
  return (
    <Stack gap="sm">
      <Silenced alert={alert} />
      {alert.state === "firing" && <Acknowledge alertId={alert.alert_id} />}
      <Group gap="xs">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconBellOff size={14} aria-hidden />}
          aria-expanded={open === "silence"}
          onClick={() => toggle("silence")}
        >
          Silence…
        </Button>
        {limited && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconClockPlus size={14} aria-hidden />}
            aria-expanded={open === "limit"}
            onClick={() => toggle("limit")}
          >
            Allow more time…
          </Button>
        )}
      </Group>
      <Collapse expanded={open === "silence"}>
        <SilenceForm alert={alert} onDone={() => setOpen(null)} />
      </Collapse>
      {limited && (
        <Collapse expanded={open === "limit"}>
          <AllowMore {...limited} now={alert.limit ?? 0} onDone={() => setOpen(null)} />
        </Collapse>
      )}
    </Stack>
  );
}

function Acknowledge({ alertId }: { alertId: string }) {
  const [note, setNote] = useState("");
  const acknowledge = useAcknowledge(alertId);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    acknowledge.mutate(note.trim());
  };
  return (
    <form onSubmit={submit}>
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <TextInput
          size="xs"
          flex={1}
          label="A note (optional)"
          maxLength={1000}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <Button size="xs" type="submit" leftSection={<IconUserCheck size={14} aria-hidden />} loading={acknowledge.isPending}>
          Acknowledge
        </Button>
      </Group>
      {acknowledge.error && <Trouble error={acknowledge.error} />}
    </form>
  );
}

interface Limited {
  readonly kind: LimitKind;
  readonly name: string;
}

/** What a limit may be set for: the tool of an overdue action, the team of an overdue plan. */
function limitOf({ rule, subject: { tool, team } }: AlertWithHistory): Limited | null {
  if (rule !== "ExecutionOverdue") return null;
  if (tool) return { kind: "tool", name: tool };
  return team ? { kind: "team", name: team } : null;
}

function AllowMore({ kind, name, now, onDone }: Limited & { now: number; onDone: () => void }) {
  const [seconds, setSeconds] = useState(Math.ceil(now * 2));
  const limit = useSetLimit(kind, name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    limit.mutate(seconds, {
      onSuccess: () => {
        notifications.show({ message: `${kind} ${name} may now take ${duration(seconds)}` });
        onDone();
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <NumberInput
          size="xs"
          flex={1}
          label={`Seconds that ${kind} ${name} may take, in this workspace`}
          min={1}
          max={31_536_000}
          value={seconds}
          onChange={(value) => setSeconds(Number(value))}
        />
        <Button size="xs" type="submit" loading={limit.isPending} disabled={!(seconds > 0)}>
          Allow
        </Button>
      </Group>
      {limit.error && <Trouble error={limit.error} />}
    </form>
  );
}
