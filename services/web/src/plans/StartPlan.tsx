/** Starts a plan, then shows it. Sending twice starts it once. */
import type { ProcessRequest } from "@agentbus/contracts";
import { Button, Checkbox, Drawer, Group, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useStartPlan, useTeams } from "~/api/plans";
import { Trouble } from "~/frame/States";
import { useTasks } from "~/workspace/useDocuments";

const USUAL = "review";

export function StartPlan() {
  const navigate = useNavigate({ from: "/plans/new" });
  const { task } = useSearch({ from: "/plans/new" });
  const from = useTasks()?.find(({ id }) => id === task);
  const start = useStartPlan();
  const [key] = useState(() => crypto.randomUUID());
  const [written, setGoal] = useState<string | null>(null);
  const goal = written ?? from?.title ?? "";
  const { data: teams } = useTeams();
  const [team, setTeam] = useState(USUAL);
  const chosen = teams?.body.find(({ team_id }) => team_id === team);
  const [approve, setApprove] = useState(false);
  const [directory, setDirectory] = useLocalStorage({ key: "agentbus.directory", defaultValue: "" });
  const close = () => void navigate({ to: "/plans", search: ({ task: _, ...old }) => old });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const inputs = {
      ...(directory.trim() === "" ? {} : { dir: directory.trim() }),
      ...(task === undefined ? {} : { task_id: task }),
    };
    const body: ProcessRequest = { description: goal.trim(), team_id: team, require_hitl: approve, inputs };
    start.mutate(
      { key, body },
      { onSuccess: ({ body: { plan_id } }) => void navigate({ to: "/plan/$planId", params: { planId: plan_id } }) },
    );
  };
  return (
    <Drawer opened onClose={close} title="Start a plan" closeButtonProps={{ "aria-label": "Close" }}>
      <form onSubmit={submit}>
        <Stack>
          <Textarea
            label="Goal"
            description="What the agents shall find out or do, in your words."
            placeholder="Review the payment service and rank what should be mended"
            autosize
            minRows={3}
            maxRows={10}
            required
            data-autofocus
            value={goal}
            onChange={(event) => setGoal(event.currentTarget.value)}
          />
          <TextInput
            label="Folder"
            description="A source tree on the machine on which the agents run."
            placeholder="/home/me/project"
            required={team === USUAL}
            value={directory}
            onChange={(event) => setDirectory(event.currentTarget.value)}
          />
          <Select
            label="Team"
            description={chosen?.description}
            data={(teams?.body ?? []).map(({ team_id, name }) => ({ value: team_id, label: name }))}
            value={team}
            disabled={!teams}
            allowDeselect={false}
            onChange={(value) => setTeam(value ?? USUAL)}
          />
          <Checkbox
            label="Ask me to approve the steps first"
            description="The plan waits, for days if need be, until you answer."
            checked={approve}
            onChange={(event) => setApprove(event.currentTarget.checked)}
          />
          {start.error && (
            <Trouble error={start.error} safe="Nothing you wrote is lost; sending it again starts the plan only once." />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Close
            </Button>
            <Button type="submit" loading={start.isPending} disabled={goal.trim() === ""}>
              Start
            </Button>
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
}
