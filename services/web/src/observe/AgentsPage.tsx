/** How agents, tools, teams and models do: success, durations and cost, over time and beside the period before. */
import type { FiguresAnswer, GroupFigures, SeriesAnswer } from "@agentbus/contracts";
import { Group, SegmentedControl, Skeleton, Switch } from "@mantine/core";
import { IconChartLine } from "@tabler/icons-react";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type GroupBy, type Metric, useFigures, useSeries } from "~/api/observability";
import { Empty, Trouble } from "~/frame/States";
import { Chart, type Line } from "./Chart";
import classes from "./Observe.module.css";
import { count, money, percent, seconds } from "./numbers";
import { filtersIn } from "./search";

const GROUPS: { value: GroupBy; label: string }[] = [
  { value: "agent", label: "Agents" },
  { value: "tool", label: "Tools" },
  { value: "team", label: "Teams" },
  { value: "model", label: "Models" },
];
const METRICS: Metric[] = ["executions", "failures", "success_rate", "p50_seconds", "p95_seconds", "cost_usd"];

export function AgentsPage() {
  const search = useSearch({ from: "/observe" });
  const navigate = useNavigate();
  const by = search.by ?? "agent";
  const range = search.range ?? "24h";
  const filters = filtersIn(search);
  const figures = useFigures({ range, query: { ...filters, group_by: by } });
  const series = useSeries({ range, query: { ...filters, metric: METRICS } }, search.compare ?? false);
  const error = figures.error ?? series.error;
  if (error && !figures.data) return <Trouble error={error} retry={() => void figures.refetch()} />;
  if (!figures.data) return <Skeleton height={420} aria-label="Loading figures" role="status" />;
  if (figures.data.total.executions === 0) {
    return (
      <Empty icon={<IconChartLine size={24} />} title="No figures in this range">
        Actions are counted when they end. Choose a longer range, or start a plan.
      </Empty>
    );
  }
  return (
    <>
      <Totals total={figures.data.total} />
      <Group justify="flex-end" mb="xs">
        <Switch
          size="xs"
          label="Beside the period before"
          checked={search.compare ?? false}
          onChange={({ currentTarget: { checked } }) =>
            void navigate({
              to: ".",
              search: ({ compare: _, ...old }) => (checked ? { ...old, compare: true } : old),
              replace: true,
              resetScroll: false,
            })
          }
        />
      </Group>
      {series.data ? <Charts series={series.data} /> : <Skeleton height={210} mb="lg" />}
      <SegmentedControl
        size="xs"
        mb="xs"
        aria-label="Grouped by"
        value={by}
        data={GROUPS}
        onChange={(value) =>
          void navigate({ to: ".", search: (old) => ({ ...old, by: value as GroupBy }), replace: true, resetScroll: false })
        }
      />
      <Table by={by} groups={figures.data.groups} />
    </>
  );
}

function Totals({ total }: { total: FiguresAnswer["total"] }) {
  const shown: [string, string][] = [
    ["Executions", count(total.executions)],
    ["Success", percent(total.success_rate)],
    ["Half take up to", seconds(total.p50_seconds)],
    ["95 % take up to", seconds(total.p95_seconds)],
    ["Tokens", count(total.input_tokens + total.output_tokens)],
    [total.unpriced_tokens > 0 ? "Cost, where priced" : "Cost", money(total.cost_usd)],
  ];
  return (
    <dl className={classes.totals}>
      {shown.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Charts({ series }: { series: SeriesAnswer }) {
  const lines = (...wanted: [Metric, string][]): Line[] =>
    wanted.flatMap(([metric, label], color) => {
      const line = series.lines.find((each) => each.metric === metric);
      if (!line) return [];
      const here: Line = { label, values: line.values, color };
      return line.compared ? [here, { label: `${label}, before`, values: line.compared, color, earlier: true }] : [here];
    });
  const { times } = series;
  return (
    <div className={classes.charts}>
      <Chart title="Executions" times={times} tell={count} lines={lines(["executions", "All"], ["failures", "Failed"])} />
      <Chart title="Success" times={times} tell={percent} lines={lines(["success_rate", "Success"])} />
      <Chart title="Duration" times={times} tell={seconds} lines={lines(["p50_seconds", "50 %"], ["p95_seconds", "95 %"])} />
      <Chart title="Cost" times={times} tell={money} lines={lines(["cost_usd", "Cost"])} />
    </div>
  );
}

function Table({ by, groups }: { by: GroupBy; groups: readonly GroupFigures[] }) {
  return (
    <div className={classes.scroll} tabIndex={0} role="region" aria-label="Figures by group">
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Executions</th>
            <th scope="col">Failed</th>
            <th scope="col">Success</th>
            <th scope="col">50 %</th>
            <th scope="col">95 %</th>
            <th scope="col">Waiting</th>
            <th scope="col">Tokens</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <tr key={group.group}>
              <td>
                <Link to="." search={(old) => ({ ...old, [by]: group.group })}>
                  {group.group || "none"}
                </Link>
              </td>
              <td>
                <Link to="/observe/plans" search={(old) => ({ ...old, [by]: group.group })} aria-label={`${count(group.executions)}, plans of ${group.group || "none"}`}>
                  {count(group.executions)}
                </Link>
              </td>
              <td>{count(group.failures)}</td>
              <td>{percent(group.success_rate)}</td>
              <td>{seconds(group.p50_seconds)}</td>
              <td>{seconds(group.p95_seconds)}</td>
              <td>{seconds(group.mean_queue_seconds)}</td>
              <td>{count(group.input_tokens + group.output_tokens)}</td>
              <td>{money(group.cost_usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
