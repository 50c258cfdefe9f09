/** The sections of the app. */
import { IconPlayerPlay, type IconProps } from "@tabler/icons-react";
import type { ComponentType } from "react";

export interface Section {
  readonly to: "/plans";
  readonly label: string;
  readonly icon: ComponentType<IconProps>;
}

const SECTIONS: readonly Section[] = [{ to: "/plans", label: "Plans", icon: IconPlayerPlay }];

export function useSections(): readonly Section[] {
  return SECTIONS;
}
