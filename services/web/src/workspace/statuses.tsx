/** The five statuses of a task: DONE and MERGED are two. */
import type { Task } from "@agentbus/contracts";
import {
  IconCircleCheck,
  IconCircleDot,
  IconCircleX,
  IconGitMerge,
  IconPlayerPause,
  type IconProps,
} from "@tabler/icons-react";
import type { ComponentType } from "react";

export type TaskStatus = NonNullable<Task["status"]>;

interface Look {
  readonly value: TaskStatus;
  readonly label: string;
  readonly color: string;
  readonly icon: ComponentType<IconProps>;
}

export const STATUSES: readonly Look[] = [
  { value: "IN_PROGRESS", label: "In progress", color: "indigo", icon: IconCircleDot },
  { value: "PAUSED", label: "Paused", color: "orange", icon: IconPlayerPause },
  { value: "DONE", label: "Done", color: "teal", icon: IconCircleCheck },
  { value: "MERGED", label: "Merged", color: "grape", icon: IconGitMerge },
  { value: "CANCELLED", label: "Cancelled", color: "gray", icon: IconCircleX },
];

export function lookOf(status: string | undefined): Look {
  return STATUSES.find(({ value }) => value === status) ?? (STATUSES[0] as Look);
}

export function TaskStatusIcon({ status, size = 16 }: { status: string | undefined; size?: number }) {
  const { icon: Icon, color, label } = lookOf(status);
  const shade = `light-dark(var(--mantine-color-${color}-7), var(--mantine-color-${color}-4))`;
  return <Icon size={size} color={shade} aria-label={label} role="img" style={{ flex: "none" }} />;
}
