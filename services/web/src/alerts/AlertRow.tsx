/** An alert in a line: how bad, what, where, since when. */
import type { Alert } from "@agentbus/contracts";
import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import classes from "~/observe/Observe.module.css";
import { duration, exact, relative, secondsBetween } from "~/time";
import { Notes, SeverityIcon } from "./Marks";
import { ruleWords, whereOf } from "./words";

export function AlertRow({ alert, now }: { alert: Alert; now: number }) {
  const over = alert.state === "resolved";
  return (
    <li>
      <Link
        to="/observe/alerts/$alertId"
        params={{ alertId: alert.alert_id }}
        search={(old) => old}
        className={classes.error}
        resetScroll={false}
        data-row
      >
        <SeverityIcon severity={alert.severity} quiet={over || Boolean(alert.silenced_until)} />
        <span className={classes.grow}>
          <span className={classes.title}>
            <Text component="span" size="sm" fw={600}>
              {ruleWords(alert.rule)}
            </Text>
            <Notes alert={alert} />
          </span>
          <Text size="sm" lineClamp={2}>
            {alert.summary}
          </Text>
          <Text size="xs" c="var(--quiet)" lineClamp={2}>
            {whereOf(alert.subject)}
            {alert.acknowledged_by && ` · acknowledged by ${alert.acknowledged_by}`}
          </Text>
        </span>
        <span className={classes.quiet} style={{ textAlign: "end" }}>
          <time dateTime={alert.since} title={`since ${exact(alert.since)}`}>
            {relative(alert.resolved_at ?? alert.since, now)}
          </time>
          {alert.resolved_at && (
            <>
              <br />
              for {duration(secondsBetween(alert.since, alert.resolved_at))}
            </>
          )}
        </span>
      </Link>
    </li>
  );
}
