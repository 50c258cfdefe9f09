/** The sections of the app. */
import { IconChartLine, IconLayoutKanban, IconPlayerPlay, type IconProps } from "@tabler/icons-react";
import type { ComponentType } from "react";

export interface Section {
  readonly to: "/plans" | "/workspace" | "/observe";
  readonly label: string;
  readonly icon: ComponentType<IconProps>;
}

export const SECTIONS: readonly Section[] = [
  { to: "/plans", label: "Plans", icon: IconPlayerPlay },
  { to: "/workspace", label: "Workspace", icon: IconLayoutKanban },
  { to: "/observe", label: "Observe", icon: IconChartLine },
];
