/** Tasks as rows; only those in sight are drawn. */
import type { Task } from "@agentbus/contracts";
import { UnstyledButton } from "@mantine/core";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useRef, useState } from "react";
import { lookOf, TaskStatusIcon } from "./statuses";
import { TaskFacts } from "./TaskFacts";
import classes from "./Workspace.module.css";

interface Props {
  tasks: readonly Task[];
  waiting: ReadonlySet<string>;
  onOpen: (id: string) => void;
}

export function TaskList({ tasks, waiting, onOpen }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => setMargin(list.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({ count: tasks.length, estimateSize: () => 58, overscan: 10, scrollMargin: margin });
  return (
    <ul ref={list} className={classes.list} style={{ height: virtual.getTotalSize() }} aria-label="Tasks">
      {virtual.getVirtualItems().map(({ index, start }) => {
        const task = tasks[index];
        if (!task) return null;
        return (
          <li
            key={task.id}
            ref={virtual.measureElement}
            data-index={index}
            style={{ transform: `translateY(${start - margin}px)` }}
          >
            <UnstyledButton className={classes.row} onClick={() => onOpen(task.id)}>
              <TaskStatusIcon status={task.status} size={18} />
              <span className={classes.rowText}>
                <span className={classes.rowTitle}>{task.title || "Untitled task"}</span>
                <TaskFacts task={task} waiting={waiting.has(`tasks/${task.id}`)} />
              </span>
              {/* Its icon says it to those who do not see. */}
              <span className={classes.status} aria-hidden>
                {lookOf(task.status).label}
              </span>
            </UnstyledButton>
          </li>
        );
      })}
    </ul>
  );
}
