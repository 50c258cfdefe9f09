/** Where two changed the same at once: what won, what lost, and the way to put it back. */
import type { Conflict } from "@agentbus/contracts";
import { Badge, Button, Group, Skeleton, Text } from "@mantine/core";
import { IconArrowBackUp, IconGitMerge } from "@tabler/icons-react";
import { useConflicts, useUndoConflict } from "~/api/workspace";
import { Empty, Trouble } from "~/frame/States";
import { exact } from "~/time";
import classes from "./Workspace.module.css";

export function ConflictsPage() {
  const { data, error, refetch } = useConflicts();
  if (error && !data) return <Trouble error={error} safe="Your own changes are kept here." retry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} />;
  if (data.body.length === 0) {
    return (
      <Empty icon={<IconGitMerge size={24} />} title="No conflicts">
        When two people change the same field at once, the later one wins. What it replaced is then listed here and can
        be put back.
      </Empty>
    );
  }
  return data.body.map((conflict) => <Row key={conflict.number} conflict={conflict} />);
}

function Row({ conflict }: { conflict: Conflict }) {
  const undo = useUndoConflict();
  const { client, server, fields, kind, undone } = conflict;
  const title = String(client.title ?? client.name ?? server?.title ?? server?.name ?? conflict.id);
  return (
    <article className={classes.conflict}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <div className={classes.change}>
          <Group gap="xs">
            <Text fw={600} size="sm" className={classes.title}>
              {title || "Untitled"}
            </Text>
            {undone && <Badge variant="light" tt="none" color="gray">put back by {undone.by}</Badge>}
            {kind === "rejected" && <Badge variant="light" tt="none" color="red">not accepted</Badge>}
          </Group>
          <Text size="xs" c="var(--quiet)">
            {exact(conflict.recorded_at)}
            {kind === "rejected" && ` · ${conflict.reason}`}
          </Text>
          <dl>
            {fields.map((field) => (
              <div key={field} style={{ display: "contents" }}>
                <dt>{field}</dt>
                <dd>
                  <ins>
                    {String(client[field] ?? "–")} <span className="quiet">by {conflict.recorded_by}, won</span>
                  </ins>
                  <br />
                  {String(server?.[field] ?? "–")} <span className="quiet">by {conflict.server_changed_by ?? "nobody"}</span>
                </dd>
              </div>
            ))}
          </dl>
          {undo.error && <Trouble error={undo.error} />}
        </div>
        {kind === "conflict" && !undone && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowBackUp size={14} />}
            loading={undo.isPending}
            onClick={() => undo.mutate(conflict.number)}
            style={{ flex: "none" }}
          >
            Put back
          </Button>
        )}
      </Group>
    </article>
  );
}
