/** Lines over time, by uPlot. What a chart shows also stands in the table beside it, for those who do not see it. */
import { useComputedColorScheme } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot, { type AlignedData, type Series } from "uplot";
import "uplot/dist/uPlot.min.css";
import { exact } from "~/time";
import classes from "./Observe.module.css";

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  /** Of the period before: drawn thin and dashed. */
  readonly earlier?: boolean;
  /** Which colour: lines of the same one belong together. */
  readonly color: number;
}

interface ChartProps {
  readonly title: string;
  readonly times: readonly string[];
  readonly lines: readonly Line[];
  readonly tell: (value: number | null) => string;
}

const COLORS = {
  light: ["#3b5bdb", "#0b7285", "#a61e4d", "#5c940d", "#862e9c", "#d9480f", "#1864ab", "#087f5b", "#e67700", "#495057"],
  dark: ["#91a7ff", "#66d9e8", "#faa2c1", "#c0eb75", "#e599f7", "#ffc078", "#74c0fc", "#63e6be", "#ffe066", "#ced4da"],
};
const HEIGHT = 190;
const DAY = 86_400;
const HOUR = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export function Chart({ title, times, lines, tell }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize<HTMLDivElement>();
  const frame = useMergedRef(box, ref);
  const scheme = useComputedColorScheme("light");
  const drawn = useRef<uPlot | null>(null);
  const shape = JSON.stringify([scheme, lines.map(({ label, earlier, color }) => [label, earlier, color])]);
  const data = [times.map((time) => Date.parse(time) / 1000), ...lines.map(({ values }) => values)] as AlignedData;
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    if (!box.current || width === 0) return;
    const plot = new uPlot(options(width, scheme, lines, tell), latest.current, box.current);
    drawn.current = plot;
    return () => {
      plot.destroy();
      drawn.current = null;
    };
    // `lines` and `tell` are told apart by `shape`; new values alone do not draw everything anew.
  }, [width, shape]);
  useEffect(() => drawn.current?.setData(data), [data]);
  const empty = lines.every(({ values }) => values.every((value) => value === null));
  return (
    <figure className={classes.chart}>
      <figcaption>{title}</figcaption>
      {empty && <p className={classes.noFigures}>No figures in this range</p>}
      <div ref={frame} role="img" aria-label={`${title} over time`} style={{ minHeight: HEIGHT }} data-empty={empty || undefined} />
    </figure>
  );
}

function options(width: number, scheme: "light" | "dark", lines: readonly Line[], tell: ChartProps["tell"]): uPlot.Options {
  const ink = scheme === "light" ? "#495057" : "#b8b8b8";
  const grid = { stroke: scheme === "light" ? "#e9ecef" : "#3b3b3b", width: 1 };
  const axis = { stroke: ink, grid, ticks: grid, font: "11px Inter Variable, sans-serif" };
  return {
    width,
    height: HEIGHT,
    legend: { show: lines.length > 1, live: true },
    cursor: { y: false },
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [{ ...axis, values: times }, { ...axis, size: 62, values: (_plot, ticks) => ticks.map((tick) => tell(tick)) }],
    series: [{ label: "At", value: (_plot, at) => (at === null ? "–" : exact(new Date(at * 1000).toISOString())) }, ...lines.map((line) => lineOf(line, COLORS[scheme], tell))],
  };
}

function lineOf(line: Line, colors: readonly string[], tell: ChartProps["tell"]): Series {
  return {
    label: line.label,
    stroke: colors[line.color % colors.length] ?? "",
    width: line.earlier ? 1 : 2,
    ...(line.earlier ? { dash: [4, 4] } : {}),
    spanGaps: false,
    // A line needs two values: one that stands alone is a point.
    points: { show: true, size: 5, filter: (plot, index) => alone(plot.data[index] ?? []) },
    value: (_plot, value) => tell(value as number | null),
  };
}

/** The hour, at midnight the day. */
function times(_plot: uPlot, ticks: number[], _axis: number, _space: number, step: number): string[] {
  return ticks.map((tick) => {
    const time = new Date(tick * 1000);
    return (step >= DAY || time.getHours() + time.getMinutes() === 0 ? DATE : HOUR).format(time);
  });
}

function alone(values: ArrayLike<number | null | undefined>): number[] {
  const there = (index: number) => values[index] !== null && values[index] !== undefined;
  return Array.from(values, (_, index) => index).filter((index) => there(index) && !there(index - 1) && !there(index + 1));
}
