import type { Alert } from "@agentbus/contracts";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { covers, partsOf, RULES, ruleWords, silenceWords, whereOf } from "./words";

const ALERT = { rule: "ExecutionOverdue", severity: "warning", workspace_id: "w", subject: { tool: "ruff", agent: "a" } };
const SILENCE = { workspace_id: "w", rule: null, severity: null, subject: {}, ends_at: "2026-01-01T00:00:10Z" };
const NOW = Date.parse("2026-01-01T00:00:00Z");

test("each rule has a runbook", () => {
  const path = (rule: string) => `../../../../infra/runbooks/${ruleWords(rule).toLowerCase().replaceAll(" ", "-")}.md`;
  const missing = RULES.filter((rule) => !existsSync(fileURLToPath(new URL(path(rule), import.meta.url))));
  expect(missing).toEqual([]);
});

test.each([
  [{}, true],
  [{ rule: "ExecutionOverdue", subject: { tool: "ruff" } }, true],
  [{ subject: { tool: "mypy" } }, false],
  [{ subject: { volume: "/" } }, false],
  [{ rule: "DiskFull" }, false],
  [{ severity: "critical" as const }, false],
  [{ workspace_id: null }, false],
  [{ ends_at: "2026-01-01T00:00:00Z" }, false],
])("a silence with %o covers the alert: %s", (change, covered) => {
  expect(covers({ ...SILENCE, ...change }, ALERT as unknown as Alert, NOW)).toBe(covered);
});

test("what it is about is told shortly", () => {
  expect(ruleWords("ChangesNotPublished")).toBe("Changes not published");
  const subject = { plan_id: "0123456789", action_id: "a1", agent: "worker", tool: "tick" };
  expect(whereOf(subject)).toBe("tick · worker · plan 01234567");
  expect(whereOf({ instance: "runner at 1", volume: "/data" })).toBe("runner at 1 · volume /data");
  expect(silenceWords({ rule: null, severity: "critical", subject: { tool: "ruff" } })).toBe("Every alert, critical · ruff");
});

test("what is to be typed is code", () => {
  const code = (text: string) => partsOf(text).filter((part) => part.code).map((part) => part.text);
  expect(code("Hung: POST /api/v3/plans/1/cancel; at AGENTBUS_ACTION_LIMIT_SECONDS. Allow PUT /api/v3/limits/tool/t.")).toEqual([
    "POST /api/v3/plans/1/cancel",
    "AGENTBUS_ACTION_LIMIT_SECONDS",
    "PUT /api/v3/limits/tool/t",
  ]);
  expect(code("`agentbus dlq list`, then (compose: --scale runner=2; of use)")).toEqual(["agentbus dlq list", "--scale runner=2"]);
  expect(partsOf("a `b` c").map(({ text }) => text).join("")).toBe("a b c");
});
