/** j, k and the arrows go from row to row; Enter opens, as on any link. */
import { useHotkeys } from "@mantine/hooks";
import type { RefObject } from "react";

export function useRowKeys(list: RefObject<HTMLElement | null>): void {
  const go = (step: 1 | -1) => {
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("[data-row]") ?? [])];
    const here = rows.indexOf(document.activeElement as HTMLElement);
    const next = here < 0 ? 0 : Math.min(Math.max(here + step, 0), rows.length - 1);
    rows[next]?.focus();
  };
  useHotkeys([
    ["j", () => go(1)],
    ["k", () => go(-1)],
    ["ArrowDown", () => go(1)],
    ["ArrowUp", () => go(-1)],
  ]);
}
