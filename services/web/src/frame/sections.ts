/** The sections of the app. */
import { IconChartLine, IconLayoutKanban, IconPlayerPlay, type IconProps } from "@tabler/icons-react";
import type { ComponentType } from "react";

export interface Section {
  readonly to: "/plans" | "/workspace" | "/observe";
  readonly label: string;
  /** Where its pages are. */
  readonly within: RegExp;
  readonly icon: ComponentType<IconProps>;
}

export const SECTIONS: readonly Section[] = [
  { to: "/plans", label: "Plans", within: /^\/plans?(\/|$)/, icon: IconPlayerPlay },
  { to: "/workspace", label: "Workspace", within: /^\/workspace(\/|$)/, icon: IconLayoutKanban },
  { to: "/observe", label: "Observe", within: /^\/observe(\/|$)/, icon: IconChartLine },
];
