import type { TimelineAction } from "@agentbus/contracts";
import { expect, test } from "vitest";
import { bars, within } from "./waterfall";

function action(action_id: string, parent_action_id: string | null, offset_seconds: number, seconds: number) {
  return { action_id, parent_action_id, offset_seconds, seconds } as TimelineAction;
}

const ACTIONS = [
  action("outer", null, 0, 50),
  action("beside", null, 5, 5),
  action("inner", "outer", 10, 20),
  action("deep", "inner", 12, 2),
  action("lost", "not here", 40, 30),
];

test("children stand under their parent, in the order in which they began", () => {
  expect(bars(ACTIONS).map(({ action: { action_id }, depth }) => [action_id, depth])).toEqual([
    ["outer", 0],
    ["inner", 1],
    ["deep", 2],
    ["beside", 0],
    ["lost", 0],
  ]);
});

test("zoomed, only what runs in the stretch is there", () => {
  expect(within(bars(ACTIONS), [35, 45]).map(({ action: { action_id } }) => action_id)).toEqual(["outer", "lost"]);
});
