import { expect, test } from "vitest";
import { eventsIn } from "./events";

test("whole events are read, comments left out, and what is not whole waits", () => {
  const [events, rest] = eventsIn('data: "RESYNC"\n\n: ping\n\ndata: {"number": 1}\n\ndata: {"num');
  expect(events).toEqual(["RESYNC", { number: 1 }]);
  expect(rest).toBe('data: {"num');
  expect(eventsIn(`${rest}ber": 2}\n\n`)).toEqual([[{ number: 2 }], ""]);
});
