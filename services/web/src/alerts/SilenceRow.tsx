/** A silence: what it holds back, until when, why; and its end. */
import type { Silence } from "@agentbus/contracts";
import { Button, Text } from "@mantine/core";
import { useEndSilence } from "~/api/alerts";
import { Trouble } from "~/frame/States";
import classes from "~/observe/Observe.module.css";
import { useSigned } from "~/session/SessionGate";
import { duration, exact, relative, secondsBetween } from "~/time";
import { silenceWords } from "./words";

export function SilenceRow({ silence, now }: { silence: Silence; now: number }) {
  const { session } = useSigned();
  const end = useEndSilence();
  const left = -secondsBetween(silence.ends_at, now);
  return (
    <li className={classes.silence} data-over={left <= 0 || undefined}>
      <div className={classes.grow}>
        <Text size="sm" fw={500}>
          {silenceWords(silence)}
          {silence.workspace_id === null && " · of the system"}
        </Text>
        <Text size="xs" c="var(--quiet)" title={exact(silence.ends_at)} className="figures">
          {left > 0 ? `for another ${duration(left)}` : `ended ${relative(silence.ends_at, now)}`} · by {silence.created_by}
          {silence.reason && ` · ${silence.reason}`}
        </Text>
        {end.error && <Trouble error={end.error} />}
      </div>
      {left > 0 && session.role !== "viewer" && (
        <Button size="compact-xs" variant="default" loading={end.isPending} onClick={() => end.mutate(silence.silence_id)}>
          End now
        </Button>
      )}
    </li>
  );
}
