/** Tells of an alert when it fires, wherever one is in the app. Loaded by Frame when the page has come. */
import type { Alert } from "@agentbus/contracts";
import { Text } from "@mantine/core";
import { Notifications, notifications } from "@mantine/notifications";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useFiring } from "~/api/alerts";
import { useFollowedAlerts } from "./follow";
import { ruleWords } from "./words";

const SHOWN = 3;
const SHOWN_MS = 12_000;

export function Notices() {
  useFollowedAlerts();
  const firing = useFiring();
  const known = useRef<Set<string> | null>(null);
  useEffect(() => {
    if (!firing) return;
    // What fired before one came is counted, not told.
    const before = (known.current ??= new Set(firing.map(({ alert_id }) => alert_id)));
    const fresh = firing.filter(({ alert_id }) => !before.has(alert_id));
    for (const { alert_id } of fresh) before.add(alert_id);
    for (const alert of fresh.slice(0, SHOWN)) tell(alert);
  }, [firing]);
  return <Notifications position="bottom-right" limit={SHOWN} />;
}

function tell(alert: Alert): void {
  notifications.show({
    id: alert.alert_id,
    color: alert.severity === "critical" ? "red.8" : "orange.8",
    autoClose: SHOWN_MS,
    title: ruleWords(alert.rule),
    message: (
      <Text size="sm" c="var(--quiet)">
        {alert.summary}{" "}
        <Link to="/observe/alerts/$alertId" params={{ alertId: alert.alert_id }} className="plain">
          Look
        </Link>
      </Text>
    ),
  });
}
