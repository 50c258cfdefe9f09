/** A line a process: up, since when, how far behind, failures, memory, how late its event loop is. */
import type { ServiceHealth } from "@agentbus/contracts";
import { Text } from "@mantine/core";
import {
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconCircleXFilled,
  type IconProps,
  IconProgressAlert,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import classes from "~/observe/Observe.module.css";
import { bytes, count, delay, percent } from "~/observe/numbers";
import { duration, exact, secondsBetween } from "~/time";

interface Look {
  readonly word: string;
  readonly color: string;
  readonly icon: ComponentType<IconProps>;
}

const LOOKS: Readonly<Record<ServiceHealth["status"], Look>> = {
  up: { word: "Up", color: "teal", icon: IconCircleCheckFilled },
  degraded: { word: "Degraded", color: "orange", icon: IconAlertTriangleFilled },
  not_ready: { word: "Not ready", color: "orange", icon: IconProgressAlert },
  down: { word: "Down", color: "red", icon: IconCircleXFilled },
};

export function Services({ services, at }: { services: readonly ServiceHealth[]; at: string }) {
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label="Each service">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col">Status</th>
            <th scope="col">Up for</th>
            <th scope="col">Lag</th>
            <th scope="col">Requests failed</th>
            <th scope="col">Memory</th>
            <th scope="col">Event loop, p99</th>
          </tr>
        </thead>
        <tbody>
          {services.toSorted(inOrder).map((service) => (
            <Row key={`${service.service} ${service.instance}`} service={service} at={at} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What is not well first, then by name: always at the same place. */
function inOrder(one: ServiceHealth, other: ServiceHealth): number {
  return Number(one.status === "up") - Number(other.status === "up") || one.instance.localeCompare(other.instance);
}

function Row({ service, at }: { service: ServiceHealth; at: string }) {
  const { word, color, icon: Icon } = LOOKS[service.status];
  return (
    <tr>
      <th scope="row">
        {service.service}
        {service.instance !== service.service && (
          <Text span size="xs" c="var(--quiet)">
            {" "}
            {service.instance}
          </Text>
        )}
        {service.detail && (
          <Text size="xs" c="var(--wants)">
            {service.detail}
          </Text>
        )}
      </th>
      <td>
        <span className={classes.status}>
          <Icon size={16} color={`light-dark(var(--mantine-color-${color}-7), var(--mantine-color-${color}-4))`} aria-hidden />
          {word}
        </span>
      </td>
      <td>{service.up_since ? <span title={`since ${exact(service.up_since)}`}>{duration(secondsBetween(service.up_since, at))}</span> : "–"}</td>
      <td>{count(service.lag_records)}</td>
      <td>{percent(service.error_rate)}</td>
      <td>{bytes(service.memory_bytes)}</td>
      <td>{delay(service.event_loop_delay_seconds)}</td>
    </tr>
  );
}
