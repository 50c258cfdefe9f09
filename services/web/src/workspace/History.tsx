/** Who changed what, when, and by which way: newest first. */
import type { HistoryEntry } from "@agentbus/contracts";
import { Skeleton, Stack, Text, Tooltip } from "@mantine/core";
import { useHistory } from "~/api/workspace";
import { Trouble } from "~/frame/States";
import { exact, relative, useNow } from "~/time";
import { type CollectionName, differing } from "./documents";
import classes from "./Workspace.module.css";

const WAYS: Readonly<Record<HistoryEntry["origin"], string>> = {
  rest: "over the API",
  sync: "in the app",
  import: "by the import",
  plan: "by its plan",
  undo: "by taking a change back",
};

export function History({ collection, id }: { collection: CollectionName; id: string }) {
  const { data, error, refetch } = useHistory(collection, id);
  const now = useNow(30_000);
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={120} />;
  if (data.body.length === 0) return <Text size="sm">The server has no change of it yet.</Text>;
  return (
    <Stack gap="md">
      {data.body.map((entry) => (
        <div key={entry.seq} className={classes.change}>
          <b>{entry.changed_by}</b> {entry.action} it {WAYS[entry.origin]},{" "}
          <Tooltip label={exact(entry.changed_at)}>
            <time className="quiet" dateTime={entry.changed_at}>
              {relative(entry.changed_at, now)}
            </time>
          </Tooltip>
          {entry.before && <Differences before={entry.before} after={entry.after} />}
        </div>
      ))}
    </Stack>
  );
}

export function Differences({ before, after }: { before: Record<string, unknown>; after: Record<string, unknown> }) {
  return (
    <dl>
      {differing(before, after).map((name) => (
        <div key={name} style={{ display: "contents" }}>
          <dt>{name}</dt>
          <dd>
            <del>{brief(before[name])}</del>
            <ins>{brief(after[name])}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function brief(value: unknown): string {
  if (value === undefined || value === null || value === "") return "–";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}
