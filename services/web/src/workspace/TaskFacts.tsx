/** What stands under a task's title: where, how far, and whether the server has it. */
import type { Task } from "@agentbus/contracts";
import { IconCloudUp, IconGitBranch } from "@tabler/icons-react";
import classes from "./Workspace.module.css";

export function TaskFacts({ task, waiting }: { task: Task; waiting: boolean }) {
  return (
    <span className={classes.facts}>
      {waiting && (
        <span className={classes.waiting}>
          <IconCloudUp size={13} aria-hidden /> not sent yet
        </span>
      )}
      {task.statusMessage && <span className={classes.message}>{task.statusMessage}</span>}
      {task.repository && <span>{task.repository}</span>}
      {task.branch && (
        <span>
          <IconGitBranch size={13} aria-hidden /> {task.branch}
        </span>
      )}
    </span>
  );
}
