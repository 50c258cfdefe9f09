/** The name, with its sign. */
import { Group, Text } from "@mantine/core";

export function Mark() {
  return (
    <Group gap={8} wrap="nowrap">
      <img src="/icon.svg" alt="" width={24} height={24} />
      <Text component="span" fw={650} lts={-0.2}>
        agentbus
      </Text>
    </Group>
  );
}
