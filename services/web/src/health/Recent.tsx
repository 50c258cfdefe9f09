/** How the services did in the last ten minutes, a line each. */
import type { HealthHistory } from "@agentbus/contracts";
import { Skeleton } from "@mantine/core";
import { useHealthHistory } from "~/api/alerts";
import { Trouble } from "~/frame/States";
import { Chart } from "~/observe/Chart";
import observe from "~/observe/Observe.module.css";
import { bytes, count, delay } from "~/observe/numbers";

type Metric = HealthHistory["lines"][number]["metric"];

const CHARTS: readonly { metric: Metric; title: string; tell: (value: number | null) => string }[] = [
  { metric: "event_loop_delay_seconds", title: "Event loop, p99", tell: delay },
  { metric: "memory_bytes", title: "Memory", tell: bytes },
  { metric: "lag_records", title: "Kafka lag, in records", tell: count },
];

export function Recent() {
  const { data, error, refetch } = useHealthHistory();
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={230} aria-label="Loading the last ten minutes" role="status" />;
  // A service has one colour in all charts.
  const instances = [...new Set(data.lines.map(({ instance }) => instance))];
  return (
    <div className={`${observe.charts} ${observe.small}`}>
      {CHARTS.map(({ metric, title, tell }) => (
        <Chart
          key={metric}
          title={title}
          times={data.times}
          tell={tell}
          lines={data.lines
            .filter((line) => line.metric === metric)
            .map(({ instance, values }) => ({ label: instance, values, color: instances.indexOf(instance) }))}
        />
      ))}
    </div>
  );
}
