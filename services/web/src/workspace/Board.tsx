/** Tasks in a column a status. A card is moved with the mouse, or by the status in its panel. */
import type { Task } from "@agentbus/contracts";
import { Text } from "@mantine/core";
import { type DragEvent, useState } from "react";
import { STATUSES, type TaskStatus, TaskStatusIcon } from "./statuses";
import { TaskFacts } from "./TaskFacts";
import classes from "./Workspace.module.css";
import { useWorkspace } from "./WorkspaceProvider";

const TYPE = "application/x-agentbus-task";
/** A column shows this many; the list has all. */
const SHOWN = 100;

interface Props {
  tasks: readonly Task[];
  waiting: ReadonlySet<string>;
  onOpen: (id: string) => void;
}

export function Board({ tasks, waiting, onOpen }: Props) {
  return (
    <div className={classes.board} tabIndex={0} role="region" aria-label="Board">
      {STATUSES.map(({ value, label }) => (
        <Column
          key={value}
          status={value}
          label={label}
          tasks={tasks.filter((task) => (task.status ?? "IN_PROGRESS") === value)}
          waiting={waiting}
          onOpen={onOpen}
        />
      ))}
    </div>
  );
}

function Column({ status, label, tasks, waiting, onOpen }: Props & { status: TaskStatus; label: string }) {
  const { workspace } = useWorkspace();
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void workspace?.edit("tasks", event.dataTransfer.getData(TYPE), { status });
  };
  return (
    <section
      className={classes.column}
      data-over={over || undefined}
      aria-label={label}
      onDrop={drop}
      onDragLeave={() => setOver(false)}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(TYPE)) return;
        event.preventDefault();
        setOver(true);
      }}
    >
      <h2 className={classes.columnHead}>
        <TaskStatusIcon status={status} />
        {label} <span className="figures">{tasks.length}</span>
      </h2>
      {tasks.slice(0, SHOWN).map((task) => (
        <button
          key={task.id}
          type="button"
          className={classes.card}
          draggable
          onDragStart={(event) => event.dataTransfer.setData(TYPE, task.id)}
          onClick={() => onOpen(task.id)}
        >
          <Text component="span" size="sm" fw={500} lineClamp={3} className={classes.title}>
            {task.title || "Untitled task"}
          </Text>
          <TaskFacts task={task} waiting={waiting.has(`tasks/${task.id}`)} />
        </button>
      ))}
      {tasks.length > SHOWN && (
        <Text size="xs" c="var(--quiet)" ta="center">
          and {tasks.length - SHOWN} more, in the list
        </Text>
      )}
    </section>
  );
}
