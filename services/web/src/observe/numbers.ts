/** Figures for people; what is not known is a dash. */
import { duration } from "~/time";

type Known = number | null | undefined;
const WHOLE = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const MONEY = new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumSignificantDigits: 3 });

export const count = (value: Known) => told(value, (known) => (known < 100_000 ? WHOLE : SHORT).format(known));
export const percent = (value: Known) => told(value, (known) => `${(100 * known).toFixed(known > 0.99 && known < 1 ? 2 : 1)} %`);
export const seconds = (value: Known) => told(value, duration);
export const delay = (value: Known) => told(value, (known) => (known < 1 ? `${Math.round(1000 * known)} ms` : duration(known)));
export const money = (value: Known) => told(value, (known) => MONEY.format(known));
export const bytes = (value: Known) => told(value, sized);
export const times = (value: Known) => told(value, (known) => `${known.toFixed(1)} ×`);

const UNITS = ["B", "kB", "MB", "GB", "TB"];

function sized(known: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(known, 1)) / 3), UNITS.length - 1);
  const value = known / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}

function told(value: Known, tell: (known: number) => string): string {
  return value === null || value === undefined ? "–" : tell(value);
}
