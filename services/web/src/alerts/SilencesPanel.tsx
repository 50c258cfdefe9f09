/** What no channel is told of for a while: made, seen and ended here. */
import { Button, Drawer, Skeleton, Stack, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useSilences } from "~/api/alerts";
import { Trouble } from "~/frame/States";
import classes from "~/observe/Observe.module.css";
import { useSigned } from "~/session/SessionGate";
import { useNow } from "~/time";
import { Part } from "./Part";
import { SilenceForm } from "./SilenceForm";
import { SilenceRow } from "./SilenceRow";

const OVER_SHOWN = 20;

export function SilencesPanel() {
  const navigate = useNavigate();
  const close = () => void navigate({ to: "/observe/alerts", search: (old) => old, resetScroll: false });
  return (
    <Drawer opened onClose={close} title="Silences" closeButtonProps={{ "aria-label": "Close" }}>
      <Silences />
    </Drawer>
  );
}

function Silences() {
  const { session } = useSigned();
  const { data, error, refetch } = useSilences();
  const [making, setMaking] = useState(false);
  const now = useNow(1_000);
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} aria-label="Loading silences" role="status" />;
  const inForce = data.filter(({ ends_at }) => Date.parse(ends_at) > now);
  const over = data.filter(({ ends_at }) => Date.parse(ends_at) <= now);
  return (
    <Stack gap="lg">
      <Text size="sm" c="var(--quiet)">
        While a silence holds, no channel is told of the alerts that it means. They stay in the list; when it ends and they still
        fire, channels are told.
      </Text>
      {session.role !== "viewer" &&
        (making ? (
          <SilenceForm onDone={() => setMaking(false)} />
        ) : (
          <Button size="xs" variant="default" style={{ alignSelf: "flex-start" }} onClick={() => setMaking(true)}>
            Silence a rule…
          </Button>
        ))}
      <Part title="In force">
        {inForce.length > 0 ? <Rows silences={inForce} now={now} /> : <Text size="sm">None: everything is told.</Text>}
      </Part>
      {over.length > 0 && (
        <Part title="Over">
          <Rows silences={over.slice(0, OVER_SHOWN)} now={now} />
        </Part>
      )}
    </Stack>
  );
}

function Rows({ silences, now }: { silences: Parameters<typeof SilenceRow>[0]["silence"][]; now: number }) {
  return (
    <ul className={classes.plain}>
      {silences.map((silence) => (
        <SilenceRow key={silence.silence_id} silence={silence} now={now} />
      ))}
    </ul>
  );
}
