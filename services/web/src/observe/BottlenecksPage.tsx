/** What became slower than its own history, and what takes most of the time. */
import type { Bottleneck } from "@agentbus/contracts";
import { Skeleton, Text } from "@mantine/core";
import { IconHourglass } from "@tabler/icons-react";
import { Link, useSearch } from "@tanstack/react-router";
import { useBottlenecks } from "~/api/observability";
import { Empty, Trouble } from "~/frame/States";
import { exact } from "~/time";
import classes from "./Observe.module.css";
import { count, percent, seconds, times } from "./numbers";
import { filtersIn } from "./search";

/** From here on a slowdown is called one: below it is what days differ by. */
const SLOWER = 1.2;

export function BottlenecksPage() {
  const search = useSearch({ from: "/observe" });
  const { data, error, refetch } = useBottlenecks({ range: search.range ?? "24h", query: filtersIn(search) });
  if (error && !data) return <Trouble error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={240} aria-label="Loading bottlenecks" role="status" />;
  if (data.bottlenecks.length === 0) {
    return (
      <Empty icon={<IconHourglass size={24} />} title="Nothing ended in this range">
        What agents do is compared with how long the same took before. Choose a longer range.
      </Empty>
    );
  }
  return (
    <>
      <Text size="sm" c="var(--quiet)" mb="xs">
        Compared with {exact(data.history_starts_at)} to {exact(data.starts_at)}.
      </Text>
      <div className={classes.scroll} tabIndex={0} role="region" aria-label="Bottlenecks">
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Slower</th>
              <th scope="col">95 %</th>
              <th scope="col">before</th>
              <th scope="col">50 %</th>
              <th scope="col">before</th>
              <th scope="col">Time lost</th>
              <th scope="col">Of all time</th>
              <th scope="col">Executions</th>
            </tr>
          </thead>
          <tbody>
            {data.bottlenecks.map((each) => (
              <Row key={[each.agent, each.tool, each.model].join("\n")} slow={each} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function Row({ slow }: { slow: Bottleneck }) {
  return (
    <tr>
      <td>
        <b>{slow.tool || "none"}</b>{" "}
        <span className={classes.quiet}>
          {slow.agent}
          {slow.model && ` · ${slow.model}`}
        </span>
      </td>
      <td className={slow.slowdown !== null && slow.slowdown >= SLOWER ? classes.slower : ""}>{times(slow.slowdown)}</td>
      <td>{seconds(slow.p95_seconds)}</td>
      <td>{seconds(slow.history_p95_seconds)}</td>
      <td>{seconds(slow.p50_seconds)}</td>
      <td>{seconds(slow.history_p50_seconds)}</td>
      <td>{slow.lost_seconds > 0 ? seconds(slow.lost_seconds) : "–"}</td>
      <td>{percent(slow.share)}</td>
      <td>
        <Link
          to="/observe/plans"
          search={(old) => ({ ...old, agent: slow.agent, tool: slow.tool })}
          aria-label={`${count(slow.executions)}, plans of ${slow.agent} with ${slow.tool}`}
        >
          {count(slow.executions)}
        </Link>
      </td>
    </tr>
  );
}
