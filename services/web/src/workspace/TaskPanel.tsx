/** A task in a side panel: edited in place, with what was said, its plan, and its history. */
import type { Task } from "@agentbus/contracts";
import { Button, Drawer, Group, Select, Stack, Tabs, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconArchive, IconPlayerPlay, IconTrash } from "@tabler/icons-react";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useSigned } from "~/session/SessionGate";
import { History } from "./History";
import { STATUSES } from "./statuses";
import { useEdit } from "./useEdit";
import { useTasks } from "./useDocuments";
import classes from "./Workspace.module.css";
import { useWorkspace } from "./WorkspaceProvider";

export function TaskPanel() {
  const { id } = useParams({ from: "/workspace/tasks/$id" });
  const navigate = useNavigate({ from: "/workspace/tasks/$id" });
  const tasks = useTasks();
  const task = tasks?.find((each) => each.id === id);
  const close = () => void navigate({ to: "/workspace/tasks", search: (old) => old, resetScroll: false });
  return (
    <Drawer opened onClose={close} title="Task" closeButtonProps={{ "aria-label": "Close" }}>
      {task && <Panel key={id} task={task} onGone={close} />}
      {tasks && !task && <Text size="sm">This task is not here, or not any more.</Text>}
    </Drawer>
  );
}

function Panel({ task, onGone }: { task: Task; onGone: () => void }) {
  const { workspace } = useWorkspace();
  const { session } = useSigned();
  const viewer = session.role === "viewer";
  const { planId } = task;
  const edit = (change: object) => void workspace?.edit("tasks", task.id, change);
  const title = useEdit("tasks", task.id, "title", task.title ?? "");
  const description = useEdit("tasks", task.id, "description", task.description ?? "");
  const repository = useEdit("tasks", task.id, "repository", task.repository ?? "");
  const branch = useEdit("tasks", task.id, "branch", task.branch ?? "");
  const remove = () => {
    void workspace?.remove("tasks", task.id);
    onGone();
  };
  const archive = () => {
    edit({ isArchived: !task.isArchived });
    notifications.show({ message: task.isArchived ? "Back among the tasks" : "Put into the archive" });
  };
  return (
    <Tabs defaultValue="task" keepMounted={false}>
      <Tabs.List mb="md">
        <Tabs.Tab value="task">Details</Tabs.Tab>
        <Tabs.Tab value="messages">Messages {task.messages?.length || ""}</Tabs.Tab>
        <Tabs.Tab value="history">History</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="task">
        <Stack>
          <Textarea label="Title" placeholder="What shall be done" autosize minRows={1} maxRows={8} data-autofocus readOnly={viewer} {...title} />
          <Select
            label="Status"
            data={STATUSES.map(({ value, label }) => ({ value, label }))}
            value={task.status ?? "IN_PROGRESS"}
            allowDeselect={false}
            readOnly={viewer}
            {...(task.statusMessage ? { description: task.statusMessage } : {})}
            onChange={(status) => edit({ status })}
          />
          <Textarea label="Description" autosize minRows={3} maxRows={16} readOnly={viewer} {...description} />
          <Group grow>
            <TextInput label="Repository" placeholder="organization/name" readOnly={viewer} {...repository} />
            <TextInput label="Branch" readOnly={viewer} {...branch} />
          </Group>
          <Group mt="xs">
            <Button
              leftSection={<IconPlayerPlay size={16} />}
              disabled={viewer}
              renderRoot={(props) => <Link {...props} to="/plans/new" search={{ task: task.id }} />}
            >
              Start a plan
            </Button>
            {planId && (
              <Button
                variant="default"
                renderRoot={(props) => <Link {...props} to="/plan/$planId" params={{ planId }} />}
              >
                Open its plan
              </Button>
            )}
            <Button variant="default" leftSection={<IconArchive size={16} />} disabled={viewer} onClick={archive}>
              {task.isArchived ? "Unarchive" : "Archive"}
            </Button>
            <Button variant="subtle" color="red" leftSection={<IconTrash size={16} />} disabled={viewer} onClick={remove}>
              Delete
            </Button>
          </Group>
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="messages">
        <Messages messages={task.messages ?? []} />
      </Tabs.Panel>
      <Tabs.Panel value="history">
        <History collection="tasks" id={task.id} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Messages({ messages }: { messages: readonly Record<string, unknown>[] }) {
  if (messages.length === 0) return <Text size="sm">Nothing was said yet.</Text>;
  return (
    <Stack gap="xs">
      {messages.map((message, index) => (
        // Messages have no id: their place is who they are.
        <div key={index} className={classes.said}>
          <b>{String(message.role ?? "")}</b>
          {textOf(message)}
        </div>
      ))}
    </Stack>
  );
}

function textOf({ type, data }: Record<string, unknown>): string {
  const { text, action, output } = (data ?? {}) as { text?: string; action?: { command?: string[] }; output?: unknown };
  if (type === "local_shell_call") return `$ ${action?.command?.join(" ") ?? ""}`;
  if (type === "local_shell_call_output") return typeof output === "string" ? output : JSON.stringify(output);
  return text ?? JSON.stringify(data ?? {});
}
