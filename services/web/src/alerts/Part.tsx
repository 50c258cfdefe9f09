import { Text } from "@mantine/core";
import type { ReactNode } from "react";

/** A part of a panel, under its name. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Text component="h3" size="xs" fw={600} c="var(--quiet)" mb={4}>
        {title}
      </Text>
      {children}
    </section>
  );
}
