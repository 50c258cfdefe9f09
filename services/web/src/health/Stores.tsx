/** The databases and the bus as the services see them, and the room that is left on their disks. */
import type { StoreHealth, VolumeHealth } from "@agentbus/contracts";
import { Progress, Text } from "@mantine/core";
import { IconCircleCheckFilled, IconCircleDashed, IconCircleXFilled } from "@tabler/icons-react";
import classes from "~/observe/Observe.module.css";
import { bytes, percent } from "~/observe/numbers";

const NAMES: Readonly<Record<StoreHealth["name"], string>> = {
  kafka: "Kafka",
  postgres: "PostgreSQL",
  "message database": "Message database",
};
const LITTLE = 0.1;

export function Stores({ stores }: { stores: readonly StoreHealth[] }) {
  return (
    <ul className={classes.cards}>
      {stores.map((store) => (
        <li key={store.name} className={classes.card}>
          <span className={classes.status}>
            <Mark ok={store.ok} />
            <b>{NAMES[store.name]}</b>
          </span>
          <Text size="xs" c="var(--quiet)" className="figures">
            {store.ok === null ? "No service that uses it was asked" : store.ok ? "Answers" : store.detail || "Does not answer"}
            {store.pool_used_ratio !== null && ` · fullest pool ${percent(store.pool_used_ratio)} used`}
          </Text>
        </li>
      ))}
    </ul>
  );
}

function Mark({ ok }: { ok: boolean | null }) {
  const [Icon, color, word] =
    ok === null ? [IconCircleDashed, "gray", "Unknown"] : ok ? [IconCircleCheckFilled, "teal", "Up"] : [IconCircleXFilled, "red", "Down"];
  return <Icon size={16} color={`light-dark(var(--mantine-color-${color}-7), var(--mantine-color-${color}-4))`} aria-label={word as string} role="img" />;
}

/** A volume that several instances share is one. */
export function Volumes({ volumes }: { volumes: readonly VolumeHealth[] }) {
  const found = new Map(volumes.map((each) => [`${each.volume} ${each.size_bytes}`, each]));
  if (found.size === 0) return <Text size="sm">No service tells of a disk.</Text>;
  return (
    <ul className={classes.cards}>
      {[...found].map(([key, { volume, free_bytes, size_bytes }]) => (
        <li key={key} className={classes.card}>
          <b className={classes.wraps}>{volume}</b>
          <Progress
            size="sm"
            my={6}
            value={100 * (1 - free_bytes / size_bytes)}
            color={free_bytes / size_bytes < LITTLE ? "red" : "indigo"}
            aria-label={`Used of ${volume}`}
          />
          <Text size="xs" c="var(--quiet)" className="figures">
            {bytes(free_bytes)} free of {bytes(size_bytes)}
          </Text>
        </li>
      ))}
    </ul>
  );
}
