import { describe, expect, test } from "vitest";
import { differing, merged } from "./documents";

const BASE = { id: "t", title: "Mend it", status: "PAUSED", branch: "main" };

describe("merged", () => {
  test("fields that this client changed win, the others are the server's", () => {
    const mine = { ...BASE, title: "Mend it well" };
    const master = { ...BASE, title: "Mend it now", status: "DONE", updatedAt: "later" };
    expect(merged(BASE, mine, master)).toEqual({ ...master, title: "Mend it well" });
  });

  test("a field that this client removed is gone", () => {
    const { branch: _, ...mine } = BASE;
    expect(merged(BASE, mine, { ...BASE, status: "DONE" })).toEqual({ ...mine, status: "DONE" });
  });

  test("a deletion wins over an edit, and an edit over nothing", () => {
    expect(merged(BASE, { ...BASE, _deleted: true }, { ...BASE, title: "x" })).toMatchObject({ _deleted: true, title: "x" });
    expect(merged(BASE, BASE, { ...BASE, _deleted: true })).toMatchObject({ _deleted: true });
  });
});

test("the server's time and the order of names are no difference", () => {
  const left = { ...BASE, pullRequest: { number: 1, url: "u" }, updatedAt: "a", _deleted: false };
  const right = { updatedAt: "b", pullRequest: { url: "u", number: 1 }, ...BASE };
  expect(differing(left, right)).toEqual([]);
  expect(differing(left, { ...right, title: "x" })).toEqual(["title"]);
});
