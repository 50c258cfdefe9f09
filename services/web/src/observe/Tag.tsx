/** A word on a tint of its colour, with the contrast that small letters need. */
import { Badge, type MantineColor } from "@mantine/core";
import type { ReactNode } from "react";

interface TagProps {
  readonly word: string;
  readonly color: MantineColor;
  readonly icon?: ReactNode;
}

export function Tag({ word, color, icon }: TagProps) {
  return (
    <Badge
      variant="light"
      size="sm"
      tt="none"
      color={color}
      leftSection={icon}
      style={{ color: `light-dark(color-mix(in srgb, var(--mantine-color-${color}-9) 70%, black), var(--mantine-color-${color}-2))` }}
    >
      {word}
    </Badge>
  );
}
