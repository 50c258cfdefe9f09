/** What alerts and silences are called, and which belong together. Pure. */
import type { Alert, Silence } from "@agentbus/contracts";

/** The rules there are; each has its runbook. */
export const RULES = [
  "ExecutionOverdue",
  "ActionsFail",
  "CostAboveLimit",
  "ServiceDown",
  "ConsumerLags",
  "DeadLetters",
  "PartitionHalted",
  "OutboxGrows",
  "ChangesNotPublished",
  "DiskFull",
  "MemoryHigh",
  "PoolExhausted",
  "EventLoopSlow",
  "RequestsFail",
] as const;

/** `ExecutionOverdue` is "Execution overdue". */
export function ruleWords(rule: string): string {
  const words = rule.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `infra/runbooks/disk-full.md` is `disk-full`. */
export function nameOf(runbook: string): string {
  return runbook.replace(/^.*\//, "").replace(/\.md$/, "");
}

const SHOWN_IDS = 8;

/** What it is about, in a few words: `tick · worker · plan 1f2e3d4c`. */
export function whereOf(subject: Readonly<Record<string, string>>): string {
  const { action_id: _, plan_id, tool, agent, ...rest } = subject;
  const plan = plan_id && `plan ${plan_id.slice(0, SHOWN_IDS)}`;
  const others = Object.entries(rest).map(([name, value]) => (name === "instance" ? value : `${name} ${value}`));
  return [tool, agent, ...others, plan].filter(Boolean).join(" · ");
}

export type Covering = Pick<Silence, "workspace_id" | "rule" | "severity" | "subject" | "ends_at">;

/** Whether the silence is in force and means the alert; as the telemetry service's `silencing.py` has it. */
export function covers(silence: Covering, alert: Alert, now: number): boolean {
  return (
    Date.parse(silence.ends_at) > now &&
    silence.workspace_id === alert.workspace_id &&
    (silence.rule === null || silence.rule === alert.rule) &&
    (silence.severity === null || silence.severity === alert.severity) &&
    Object.entries(silence.subject).every(([name, value]) => alert.subject[name] === value)
  );
}

/** What a silence holds back, in words. */
export function silenceWords({ rule, severity, subject }: Pick<Silence, "rule" | "severity" | "subject">): string {
  const where = whereOf(subject);
  const what = rule === null ? "Every alert" : ruleWords(rule);
  return [severity ? `${what}, ${severity}` : what, where].filter(Boolean).join(" · ");
}

/** A recommendation in parts: what is to be typed (settings, commands, routes) is code. */
export function partsOf(text: string): { text: string; code: boolean }[] {
  return text
    .split(/(`[^`]+`|AGENTBUS_[A-Z_]+(?:=\S+)?|\b(?:GET|PUT|POST|DELETE) \/\S*[^\s.,:;)]|--scale \S+[^\s.,:;)])/)
    .filter((part) => part !== "")
    .map((part) => ({ text: part.replace(/^`|`$/g, ""), code: /^(?:`|AGENTBUS_|--|(?:GET|PUT|POST|DELETE) )/.test(part) }));
}
