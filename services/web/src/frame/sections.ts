/** The sections of the app. */
import { IconChartLine, IconHeartbeat, IconLayoutKanban, IconPlayerPlay, type IconProps } from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useSigned } from "~/session/SessionGate";

export interface Section {
  readonly to: "/plans" | "/workspace" | "/observe" | "/system";
  readonly label: string;
  /** Where its pages are. */
  readonly within: RegExp;
  readonly icon: ComponentType<IconProps>;
  readonly forAdministrators?: boolean;
}

const SECTIONS: readonly Section[] = [
  { to: "/plans", label: "Plans", within: /^\/plans?(\/|$)/, icon: IconPlayerPlay },
  { to: "/workspace", label: "Workspace", within: /^\/workspace(\/|$)/, icon: IconLayoutKanban },
  { to: "/observe", label: "Observe", within: /^\/observe(\/|$)/, icon: IconChartLine },
  { to: "/system", label: "Health", within: /^\/system(\/|$)/, icon: IconHeartbeat, forAdministrators: true },
];

/** The sections that are of use to who is signed in. */
export function useSections(): readonly Section[] {
  const { session } = useSigned();
  return SECTIONS.filter(({ forAdministrators }) => !forAdministrators || session.role === "admin");
}
