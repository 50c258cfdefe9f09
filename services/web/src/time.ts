/** Times and durations for people. */
import { useEffect, useState } from "react";

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** `1 m 04 s`, `2 h 05 m`, `0.83 s`, `12 ms`. */
export function duration(seconds: number): string {
  if (seconds < 0.1) return `${Math.round(1000 * Math.max(seconds, 0))} ms`;
  if (seconds < 1) return `${seconds.toFixed(2)} s`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 60) return `${minutes} m ${pad(rest)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
}

/** `5 min ago`, `just now`. */
export function relative(time: string, now: number): string {
  const ago = (now - Date.parse(time)) / 1000;
  for (const [unit, size] of STEPS) {
    if (ago >= size) return RELATIVE.format(-Math.floor(ago / size), unit);
  }
  return "just now";
}

export function exact(time: string): string {
  return EXACT.format(new Date(time));
}

export function secondsBetween(from: string, to: string | number): number {
  return ((typeof to === "number" ? to : Date.parse(to)) - Date.parse(from)) / 1000;
}

/** The time, anew every `every` milliseconds while `running`. */
export function useNow(every: number, running = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every, running]);
  return now;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
