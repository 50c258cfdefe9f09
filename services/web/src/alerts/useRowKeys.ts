/** j and k go from row to row, and from a row on the arrows do, too; Enter opens, as on any link. */
import { useHotkeys } from "@mantine/hooks";
import type { KeyboardEvent, RefObject } from "react";

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowUp: -1 };

/** Returns what the list does when a key is pressed in it. */
export function useRowKeys(list: RefObject<HTMLElement | null>): (event: KeyboardEvent) => void {
  const go = (step: 1 | -1) => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    const here = rows.indexOf(document.activeElement as HTMLElement);
    // A panel that is open has the keys for itself.
    if (here < 0 && document.activeElement?.closest("[role=dialog]")) return;
    rows[here < 0 ? 0 : Math.min(Math.max(here + step, 0), rows.length - 1)]?.focus();
  };
  useHotkeys([
    ["j", () => go(1)],
    ["k", () => go(-1)],
  ]);
  return (event) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    go(step);
  };
}
