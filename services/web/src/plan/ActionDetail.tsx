/** An action in a side panel with its own address: input, output, error with stack, and the raw messages. */
import { Alert, Drawer, Group, Text } from "@mantine/core";
import { duration, exact } from "~/time";
import { Json } from "./Json";
import { type ActionEntry, failureOf, type PlanLog, startOf, successOf } from "./log";
import classes from "./Plan.module.css";

interface Props {
  log: PlanLog;
  actionId: string | undefined;
  onClose: () => void;
}

export function ActionDetail({ log, actionId, onClose }: Props) {
  const entry = log.entries.find((each): each is ActionEntry => each.kind === "action" && each.key === actionId);
  return (
    <Drawer
      opened={entry !== undefined}
      onClose={onClose}
      title={entry && <code className={classes.tool}>{startOf(entry).tool}</code>}
      closeButtonProps={{ "aria-label": "Close the details" }}
    >
      {entry && <Detail entry={entry} />}
    </Drawer>
  );
}

function Detail({ entry }: { entry: ActionEntry }) {
  const [failure, success] = [failureOf(entry), successOf(entry)];
  const end = failure ?? success;
  const error = failure?.error;
  return (
    <>
      <Group gap="md" mb="md" className="quiet">
        <Text size="sm">{entry.agent}</Text>
        <Text size="sm" className="figures">
          {end ? duration(end.duration_seconds) : "running"}
        </Text>
        <Text size="sm">{exact(entry.started.timestamp)}</Text>
      </Group>
      {error && (
        <Alert color="red" title={error.type ?? error.code} mb="md">
          <Text size="sm">{error.message}</Text>
        </Alert>
      )}
      {error?.stack && <Json title="Stack" value={error.stack} />}
      <Json title="Input" value={startOf(entry).arguments} />
      {success && (
        <Json
          title="Output"
          value={success.result}
          note={success.cut ? `the first part of ${success.cut.size_bytes.toLocaleString("en")} bytes` : ""}
        />
      )}
      <Json title="Raw messages" value={entry.ended ? [entry.started, entry.ended] : [entry.started]} folded />
    </>
  );
}
