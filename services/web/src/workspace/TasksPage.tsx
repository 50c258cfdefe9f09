/** All tasks, as a board or a list; found by text, status and archive. */
import { Button, Group, Select, SegmentedControl, Skeleton, Switch, TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconChecklist, IconPlus, IconSearch } from "@tabler/icons-react";
import { Outlet, useNavigate, useSearch } from "@tanstack/react-router";
import type { Task } from "@agentbus/contracts";
import { useRef } from "react";
import { Empty } from "~/frame/States";
import { Board } from "./Board";
import { STATUSES, type TaskStatus } from "./statuses";
import { TaskList } from "./TaskList";
import { useTasks, useWaitingKeys } from "./useDocuments";
import { useWorkspace } from "./WorkspaceProvider";

export function TasksPage() {
  const { view, q, status, archived } = useSearch({ from: "/workspace/tasks" });
  const navigate = useNavigate({ from: "/workspace/tasks" });
  const { workspace } = useWorkspace();
  const search = useRef<HTMLInputElement>(null);
  const [tasks, waiting] = [useTasks(), useWaitingKeys()];
  const open = (id: string) =>
    void navigate({ to: "/workspace/tasks/$id", params: { id }, search: (old) => old, resetScroll: false });
  const create = async () => {
    if (workspace) open(await workspace.create("tasks", { title: "", status: "IN_PROGRESS", messages: [], mode: "code" }));
  };
  useHotkeys([
    ["/", () => search.current?.focus()],
    ["n", () => void create()],
  ]);
  const filter = (change: Record<string, unknown>) =>
    void navigate({
      search: (old) => Object.fromEntries(Object.entries({ ...old, ...change }).filter(([, value]) => value)),
      replace: true,
    });
  const found = (tasks ?? []).filter((task) => matches(task, q ?? "", status, archived ?? false)).sort(newestFirst);
  return (
    <>
      <Group gap="xs" mb="md">
        <TextInput
          ref={search}
          flex="1 1 180px"
          maw={340}
          placeholder="Search tasks"
          aria-label="Search tasks"
          leftSection={<IconSearch size={16} />}
          value={q ?? ""}
          onChange={(event) => filter({ q: event.currentTarget.value })}
        />
        <Select
          aria-label="Status"
          placeholder="Any status"
          w={150}
          clearable
          data={STATUSES.map(({ value, label }) => ({ value, label }))}
          value={status ?? null}
          onChange={(value) => filter({ status: value })}
        />
        <Switch label="Archive" checked={archived ?? false} onChange={(event) => filter({ archived: event.currentTarget.checked })} />
        <SegmentedControl
          size="xs"
          aria-label="View"
          value={view ?? "board"}
          data={[
            { value: "board", label: "Board" },
            { value: "list", label: "List" },
          ]}
          onChange={(value) => filter({ view: value === "list" ? "list" : undefined })}
        />
        <Button ml="auto" leftSection={<IconPlus size={16} />} disabled={!workspace} onClick={() => void create()}>
          New task
        </Button>
      </Group>
      {!tasks && <Skeleton height={280} role="status" aria-label="Opening the workspace" />}
      {tasks && found.length === 0 && <Nothing any={tasks.length > 0} archived={archived ?? false} />}
      {found.length > 0 &&
        (view === "list" ? (
          <TaskList tasks={found} waiting={waiting} onOpen={open} />
        ) : (
          <Board tasks={found} waiting={waiting} onOpen={open} />
        ))}
      <Outlet />
    </>
  );
}

function Nothing({ any, archived }: { any: boolean; archived: boolean }) {
  if (any) {
    return (
      <Empty icon={<IconSearch size={24} />} title={archived ? "Nothing is archived" : "No task matches"}>
        {archived ? "Archive a task from its panel to put it away here." : "Change the search, or look in the archive."}
      </Empty>
    );
  }
  return (
    <Empty icon={<IconChecklist size={24} />} title="No tasks yet">
      A task is something you want done, with what was said about it. Everyone in this workspace sees it at once, and it
      can be edited without a connection.
    </Empty>
  );
}

function matches(task: Task, q: string, status: TaskStatus | undefined, archived: boolean): boolean {
  if ((task.isArchived ?? false) !== archived || (status && task.status !== status)) return false;
  const text = `${task.title ?? ""} ${task.repository ?? ""} ${task.branch ?? ""} ${task.description ?? ""}`;
  return text.toLowerCase().includes(q.toLowerCase());
}

function newestFirst(a: Task, b: Task): number {
  return String(b.createdAt ?? "").localeCompare(String(a.createdAt ?? "")) || a.id.localeCompare(b.id);
}
