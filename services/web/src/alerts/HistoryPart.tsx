/** What became of an alert, and who was told of it. */
import type { AlertDelivery, AlertEvent, AlertWithHistory } from "@agentbus/contracts";
import { Text, Timeline } from "@mantine/core";
import { exact } from "~/time";
import { STATE_LOOKS } from "./Marks";
import { Part } from "./Part";

const DELIVERIES: Readonly<Record<AlertDelivery["state"], string>> = {
  pending: "is still to be told",
  delivered: "was told",
  silenced: "was not told: silenced",
  given_up: "could not be told",
};

export function HistoryPart({ alert }: { alert: AlertWithHistory }) {
  return (
    <Part title="History">
      <Timeline active={alert.events.length + 1} bulletSize={20} lineWidth={2} color="gray" mt={6}>
        {alert.fired_at !== alert.since && (
          <Timeline.Item bullet={<Bullet state="pending" />} title={<Title>Noticed</Title>}>
            <Text size="xs" c="var(--quiet)">
              {exact(alert.since)}
            </Text>
          </Timeline.Item>
        )}
        {alert.events.map((event) => (
          <Timeline.Item key={event.number} bullet={<Bullet state={event.transition} />} title={<Title>{STATE_LOOKS[event.transition].word}</Title>}>
            <Text size="xs" c="var(--quiet)">
              {exact(event.at)}
              {event.by && ` by ${event.by}`}
            </Text>
            {event.note && <Text size="sm">{event.note}</Text>}
            <Deliveries event={event} deliveries={alert.deliveries} />
          </Timeline.Item>
        ))}
      </Timeline>
    </Part>
  );
}

function Title({ children }: { children: string }) {
  return (
    <Text component="span" size="sm" fw={500}>
      {children}
    </Text>
  );
}

function Bullet({ state }: { state: AlertWithHistory["state"] }) {
  const { icon: Icon } = STATE_LOOKS[state];
  return <Icon size={12} aria-hidden />;
}

function Deliveries({ event, deliveries }: { event: AlertEvent; deliveries: readonly AlertDelivery[] }) {
  return deliveries
    .filter(({ number }) => number === event.number)
    .map((each) => (
      <Text key={each.channel} size="xs" c="var(--quiet)">
        {each.channel} {DELIVERIES[each.state]}
        {each.delivered_at && ` ${exact(each.delivered_at)}`}
        {each.tries > 1 && `, ${each.tries} tries`}
        {each.last_error && each.state !== "delivered" && `: ${each.last_error}`}
      </Text>
    ));
}
