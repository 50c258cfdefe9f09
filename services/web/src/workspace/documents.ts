/** The workspace's documents in this browser, and how two versions of one become one. Pure. */
import type { Environment, Task } from "@agentbus/contracts";
import type { RxConflictHandler, RxJsonSchema, WithDeleted } from "rxdb";

export type CollectionName = "tasks" | "environments";

/** A local change that the server does not have yet; `at` tells a later change from an earlier one. */
export interface Waiting {
  /** `tasks/<id>` or `environments/<id>`. */
  key: string;
  at: number;
}

const TEXT = { type: "string" };

export const TASKS: RxJsonSchema<Task> = {
  version: 0,
  primaryKey: "id",
  type: "object",
  // What is not named here is kept all the same: nothing validates, by intent.
  properties: { id: { type: "string", maxLength: 128 }, title: TEXT, status: TEXT, updatedAt: TEXT } as never,
  required: ["id"],
};

export const ENVIRONMENTS: RxJsonSchema<Environment> = {
  version: 0,
  primaryKey: "id",
  type: "object",
  properties: { id: { type: "string", maxLength: 128 }, name: TEXT, updatedAt: TEXT } as never,
  required: ["id"],
};

export const WAITING: RxJsonSchema<Waiting> = {
  version: 0,
  primaryKey: "key",
  type: "object",
  properties: { key: { type: "string", maxLength: 160 }, at: { type: "number" } },
  required: ["key", "at"],
};

/** The server's time, and what RxDB keeps: no difference between versions. */
const ALOOF: ReadonlySet<string> = new Set(["updatedAt", "_rev", "_meta", "_attachments"]);

type Fields = Record<string, unknown>;

/** Returns the fields in which two versions differ; `_deleted` is one. */
export function differing(left: Fields, right: Fields): string[] {
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].filter((name) => !ALOOF.has(name) && !same(left[name], right[name]));
}

/** Last write wins, field by field: what this client changed since `base` goes over the server's version. */
export function merged(base: Fields | undefined, mine: Fields, master: Fields): Fields {
  const changed = differing(mine, base ?? {});
  const result: Fields = { ...master };
  for (const name of changed) {
    if (name in mine) result[name] = mine[name];
    else delete result[name];
  }
  return result;
}

/** RxDB's conflict handler; `settled` is told when nothing of this client's remains to be sent. */
export function merging<T>(settled: (id: string) => void): RxConflictHandler<T> {
  return {
    isEqual: (left, right) => differing(left as Fields, right as Fields).length === 0,
    resolve: async ({ assumedMasterState, newDocumentState, realMasterState }) => {
      const result = merged(assumedMasterState as Fields | undefined, newDocumentState as Fields, realMasterState as Fields);
      if (differing(result, realMasterState as Fields).length === 0) settled(String(result.id));
      return result as WithDeleted<T>;
    },
  };
}

function same(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  // Absent, null and false of a deletion mark mean the same.
  if ((left ?? false) === (right ?? false)) return true;
  return typeof left === "object" && typeof right === "object" && JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]));
}
