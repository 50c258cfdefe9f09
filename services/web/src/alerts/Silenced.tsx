/** Which silences hold an alert back, each with its end. */
import type { Alert } from "@agentbus/contracts";
import { Stack } from "@mantine/core";
import { useSilences } from "~/api/alerts";
import { useNow } from "~/time";
import { SilenceRow } from "./SilenceRow";
import { covers } from "./words";

export function Silenced({ alert }: { alert: Alert }) {
  const { data } = useSilences();
  const now = useNow(5_000);
  const holding = (data ?? []).filter((silence) => covers(silence, alert, now));
  if (holding.length === 0) return null;
  return (
    <Stack component="ul" gap={6} m={0} p={0} aria-label="Silenced by">
      {holding.map((silence) => (
        <SilenceRow key={silence.silence_id} silence={silence} now={now} />
      ))}
    </Stack>
  );
}
