import type { Message, Plan } from "@agentbus/contracts";
import { expect, test } from "vitest";
import { PlanLog } from "./log";
import { rowsOf } from "./rows";

function message(seq: number, type: string, fields: Partial<Message> = {}): Message {
  const ids = { message_id: `m${seq}`, plan_id: "p", session_id: "", workspace_id: "w", user_id: "u", trace_id: "", span_id: "" };
  const rest = { agent_name: "worker", agent_type: "agent", content: type, timestamp: "2026-01-01T00:00:00Z", payload: {} };
  const links = { action_id: null, parent_action_id: null, attempt: 1, metadata: {}, schema_version: 1 };
  return { ...ids, ...rest, ...links, seq, type, ...fields };
}

function logOf(...messages: Message[]): PlanLog {
  const log = new PlanLog();
  for (const each of messages) log.add(each);
  return log;
}

test("an action's end joins its beginning, and its step is done", () => {
  const steps = [{ id: "s", description: "Look", agent: "worker" }];
  const log = logOf(
    message(1, "plan_started", { payload: { steps } }),
    message(2, "action_started", { action_id: "a", payload: { tool: "look", arguments: {}, step_id: "s" } }),
    message(3, "action_completed", { action_id: "a", payload: { tool: "look", result: 1, step_id: "s" } }),
  );
  expect(log.entries.map(({ kind }) => kind)).toEqual(["note", "action"]);
  expect(log.entries[1]).toMatchObject({ key: "a", ended: { seq: 3 } });
  expect(log.steps).toMatchObject([{ status: "completed" }]);
});

test("what comes twice counts once", () => {
  const log = logOf(message(1, "agent_message"), message(1, "agent_message"), message(2, "agent_message"));
  expect(log.entries).toHaveLength(2);
});

test("a question waits until it is answered", () => {
  const log = logOf(message(1, "user_clarification_request", { payload: { request_id: "q", question: "?" } }));
  expect([log.status, log.waiting]).toEqual(["pending_clarification", 0]);
  log.add(message(2, "user_clarification_response", { payload: { answer: "yes" } }));
  expect([log.status, log.waiting]).toEqual(["in_progress", null]);
  expect(log.entries).toMatchObject([{ kind: "question", answer: { seq: 2 } }]);
});

test("text shows while it is written, and gives way to the whole", () => {
  const log = logOf(message(1, "plan_started"));
  const chunk = { plan_id: "p", type: "agent_message_streaming", stream_id: "x", agent_name: "worker", agent_type: "agent" };
  const more = { is_final: false, timestamp: "", workspace_id: "w" };
  log.stream({ ...chunk, ...more, chunk: 0, content: "one " });
  log.stream({ ...chunk, ...more, chunk: 1, content: "two" });
  expect(rowsOf(log, false).at(-1)).toMatchObject({ kind: "live", text: "one two" });
  log.add(message(2, "agent_message", { content: "one two" }));
  expect(rowsOf(log, false).map(({ kind }) => kind)).toEqual(["entry", "entry"]);
});

test("how it ended is known before its end is here", () => {
  const log = new PlanLog();
  log.foretell({ status: "completed", updated_at: "2026-01-01T00:00:09Z", result: "# Done" } as Plan);
  log.add(message(1, "plan_started"));
  log.add(message(2, "user_clarification_request", { payload: { request_id: "q", question: "?" } }));
  expect([log.status, log.endedAt, log.report]).toEqual(["completed", "2026-01-01T00:00:09Z", "# Done"]);
  log.add(message(3, "plan_completed", { timestamp: "2026-01-01T00:00:07Z" }));
  expect([log.status, log.endedAt]).toEqual(["completed", "2026-01-01T00:00:07Z"]);
});
