/** What a view says when it has nothing to show, or cannot: in one place, so that all say it alike. */
import { Alert, Button, Center, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { ApiProblem } from "~/api/http";

/** What this is, and the one next step. */
export function Empty(props: { icon: ReactNode; title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <Center py={72} px="md">
      <Stack align="center" gap="xs" maw={380} ta="center">
        <ThemeIcon size={48} radius="xl" variant="light">
          {props.icon}
        </ThemeIcon>
        <Title order={2} mt="xs">
          {props.title}
        </Title>
        <Text size="sm" c="var(--quiet)">
          {props.children}
        </Text>
        {props.action && <div style={{ marginTop: 12 }}>{props.action}</div>}
      </Stack>
    </Center>
  );
}

/** What happened, what is safe, and a way on. */
export function Trouble({ error, retry, safe }: { error: Error; retry?: () => void; safe?: string }) {
  const offline = error instanceof ApiProblem && error.code === "offline";
  return (
    <Alert
      color={offline ? "yellow" : "red"}
      icon={<IconAlertTriangle />}
      title={offline ? "Not connected" : "This did not work"}
      role="alert"
    >
      <Text size="sm">
        {error.message} {safe}
      </Text>
      {retry && (
        <Button mt="sm" size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}
