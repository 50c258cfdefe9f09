/** A plan's page while there is nothing of it yet, and when it may not be seen. */
import { Button, Skeleton, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Trouble } from "~/frame/States";
import type { Connection } from "./live";

export function Opening({ connection }: { connection: Connection }) {
  return (
    <div aria-busy>
      <Stack role="status" aria-label="Opening the plan">
        <Skeleton height={14} width={60} />
        <Skeleton height={26} width="60%" />
        <Skeleton height={18} width="35%" />
        {[0, 1, 2, 3].map((row) => (
          <Skeleton key={row} height={36} mt={row === 0 ? "lg" : 0} />
        ))}
      </Stack>
      <Text size="sm" c="var(--quiet)" mt="md">
        {connection.state === "lost" && "Not connected. It is tried again."}
        {connection.state === "live" && "Waiting for a runner to take the plan on."}
      </Text>
    </div>
  );
}

export function Refused({ connection }: { connection: Extract<Connection, { state: "refused" }> }) {
  const message =
    connection.code === 4404
      ? "There is no such plan in this workspace."
      : connection.reason || "The system does not let you watch this plan.";
  return (
    <div>
      <Trouble error={new Error(message)} />
      <Button component={Link} to="/plans" variant="default" mt="md">
        Go to the plans
      </Button>
    </div>
  );
}
