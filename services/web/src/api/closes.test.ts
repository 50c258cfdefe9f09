import { expect, test } from "vitest";
import { afterClose } from "./closes";

test("a token that does not hold, and what may not be seen, are not tried again", () => {
  expect(afterClose(4401, 0)).toBe("expired");
  expect([4400, 4403, 4404].map((code) => afterClose(code, 0))).toEqual(["refused", "refused", "refused"]);
});

test("what passes is tried again, ever later; one of too many waits longest", () => {
  for (const code of [1000, 1006, 1011, 1012, 1013, 4408]) expect(afterClose(code, 0)).toBeLessThan(700);
  expect(afterClose(1006, 3)).toBeGreaterThan(2_900);
  expect(afterClose(1006, 60)).toBeLessThan(12_600);
  expect(afterClose(4429, 0)).toBeGreaterThan(22_000);
});
