/** Silences alerts: which, for how long, why. They are seen all the same; no channel is told of them. */
import type { Alert, NewSilence } from "@agentbus/contracts";
import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { type FormEvent, useState } from "react";
import { useEndSilence, useSilence } from "~/api/alerts";
import { Trouble } from "~/frame/States";
import { RULES, ruleWords, silenceWords } from "./words";

const TIMES = [
  { value: "1800", label: "30 minutes" },
  { value: "3600", label: "1 hour" },
  { value: "14400", label: "4 hours" },
  { value: "86400", label: "1 day" },
  { value: "604800", label: "1 week" },
  { value: "2592000", label: "30 days" },
];

interface Scope {
  readonly label: string;
  readonly covering: Pick<NewSilence, "rule" | "severity" | "subject" | "system">;
}

/** From the narrowest to the widest that an alert, or without one any rule, can be silenced by. */
function scopesOf(alert: Alert | undefined): Scope[] {
  if (!alert) return RULES.map((rule) => ({ label: ruleWords(rule), covering: { rule } }));
  const { rule, subject } = alert;
  const { plan_id: plan, action_id: _, ...kind } = subject;
  const system = alert.workspace_id === null;
  const alike = `All alike: ${silenceWords({ rule, severity: null, subject: kind })}`;
  return [
    ...(plan ? [{ label: "Only this one", covering: { rule, subject, system } }] : []),
    ...(Object.keys(kind).length > 0 ? [{ label: alike, covering: { rule, subject: kind, system } }] : []),
    { label: `Every “${ruleWords(rule)}”`, covering: { rule, system } },
  ];
}

export function SilenceForm({ alert, onDone }: { alert?: Alert; onDone: () => void }) {
  const scopes = scopesOf(alert);
  const [scope, setScope] = useState("0");
  const [seconds, setSeconds] = useState("3600");
  const [reason, setReason] = useState("");
  const silence = useSilence();
  const end = useEndSilence();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const covering = scopes[Number(scope)]?.covering ?? {};
    silence.mutate(
      { ...covering, seconds: Number(seconds), reason: reason.trim() },
      {
        onSuccess: (made) => {
          notifications.show({
            id: made.silence_id,
            message: <Made words={silenceWords(made)} onUndo={() => undo(made.silence_id)} />,
            autoClose: 12_000,
          });
          onDone();
        },
      },
    );
  };
  const undo = (silenceId: string) => {
    notifications.hide(silenceId);
    end.mutate(silenceId);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Select
          size="xs"
          label="What"
          data={scopes.map(({ label }, index) => ({ value: String(index), label }))}
          value={scope}
          allowDeselect={false}
          searchable={!alert}
          onChange={(value) => setScope(value ?? "0")}
        />
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <Select size="xs" w={130} label="For" data={TIMES} value={seconds} allowDeselect={false} onChange={(value) => setSeconds(value ?? "3600")} />
          <TextInput size="xs" flex={1} label="Why (optional)" maxLength={1000} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
          <Button size="xs" type="submit" loading={silence.isPending}>
            Silence
          </Button>
        </Group>
        {silence.error && <Trouble error={silence.error} />}
      </Stack>
    </form>
  );
}

function Made({ words, onUndo }: { words: string; onUndo: () => void }) {
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">Silenced: {words}</Text>
      <Button size="compact-xs" variant="default" onClick={onUndo}>
        Undo
      </Button>
    </Group>
  );
}
