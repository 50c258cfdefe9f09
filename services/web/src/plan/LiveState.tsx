/** Whether what is seen is live. */
import { UnstyledButton } from "@mantine/core";
import { useNow } from "~/time";
import type { Connection } from "./live";
import classes from "./Plan.module.css";

export function LiveState(props: { connection: Connection; running: boolean; reconnect: () => void }) {
  const { connection, running, reconnect } = props;
  const lost = connection.state === "lost";
  const now = useNow(1_000, lost);
  if (lost) {
    const seconds = Math.max(0, Math.ceil((connection.retryAt - now) / 1000));
    return (
      <UnstyledButton className={classes.lost} onClick={reconnect}>
        Connection lost · again in {seconds} s · try now
      </UnstyledButton>
    );
  }
  if (connection.state === "connecting") return <span>connecting…</span>;
  if (connection.state === "history") return <span>reading the history…</span>;
  return running ? <span className={classes.live}>live</span> : null;
}
