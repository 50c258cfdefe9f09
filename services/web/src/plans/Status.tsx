/** A plan's or step's status, by icon and word. */
import { Badge, type MantineColor } from "@mantine/core";
import {
  IconAlertCircleFilled,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
  IconHandStop,
  IconLoader2,
  type IconProps,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { PlanStatus } from "~/api/plans";

interface Look {
  readonly word: string;
  readonly color: MantineColor;
  readonly icon: ComponentType<IconProps>;
  readonly turns?: boolean;
}

const LOOKS: Readonly<Record<PlanStatus, Look>> = {
  created: { word: "Waiting for a runner", color: "gray", icon: IconCircleDashed },
  pending: { word: "Pending", color: "gray", icon: IconCircleDashed },
  in_progress: { word: "Running", color: "indigo", icon: IconLoader2, turns: true },
  approved: { word: "Running", color: "indigo", icon: IconLoader2, turns: true },
  pending_approval: { word: "Needs approval", color: "orange", icon: IconHandStop },
  pending_clarification: { word: "Has a question", color: "orange", icon: IconHandStop },
  completed: { word: "Done", color: "teal", icon: IconCircleCheckFilled },
  failed: { word: "Failed", color: "red", icon: IconAlertCircleFilled },
  canceled: { word: "Cancelled", color: "gray", icon: IconCircleXFilled },
  rejected: { word: "Rejected", color: "gray", icon: IconCircleXFilled },
};

export function statusWord(status: PlanStatus): string {
  return LOOKS[status].word;
}

export function StatusIcon({ status, size = 18 }: { status: PlanStatus; size?: number }) {
  const { icon: Icon, color, turns, word } = LOOKS[status];
  const shade = `light-dark(var(--mantine-color-${color}-7), var(--mantine-color-${color}-4))`;
  return <Icon size={size} color={shade} className={turns ? "turns" : ""} aria-label={word} role="img" />;
}

export function StatusBadge({ status }: { status: PlanStatus }) {
  const { icon: Icon, color, turns, word } = LOOKS[status];
  return (
    <Badge
      variant="light"
      color={color}
      tt="none"
      size="lg"
      leftSection={<Icon size={14} className={turns ? "turns" : ""} aria-hidden />}
      style={{
        color: `light-dark(color-mix(in srgb, var(--mantine-color-${color}-9) 70%, black), var(--mantine-color-${color}-2))`,
      }}
    >
      {word}
    </Badge>
  );
}
