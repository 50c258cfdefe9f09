/** The rows of the stream. */
import { Avatar, Text, UnstyledButton } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCircleCheckFilled,
  IconCircleXFilled,
  IconFlag,
  IconHandStop,
  IconLoader2,
  IconMessageCircleQuestion,
} from "@tabler/icons-react";
import { memo } from "react";
import { duration, exact } from "~/time";
import { type ActionEntry, failureOf, type Entry, type MessageEntry, payloadOf, startOf, successOf } from "./log";
import { Markdown } from "./Markdown";
import classes from "./Plan.module.css";

/** Who speaks from here on; an empty place while it stays the same. */
export const Speaker = memo(function Speaker({ name }: { name: string }) {
  if (name === "") return <span />;
  return (
    <div className={classes.speaker}>
      <Avatar size={20} name={name} color="initials" radius="sm" className="tinted" aria-hidden />
      <Text component="h3" size="sm" fw={600} truncate>
        {name}
      </Text>
    </div>
  );
});

export const EntryRow = memo(function EntryRow({ entry, onAction }: { entry: Entry; onAction: (id: string) => void }) {
  switch (entry.kind) {
    case "action":
      return <ActionRow entry={entry} onAction={onAction} />;
    case "note":
      return <NoteRow entry={entry} />;
    case "report":
      return <ReportRow entry={entry} />;
    case "approval":
    case "question":
      return <AskedRow entry={entry} />;
    default:
      return (
        <div className={classes.said} title={exact(entry.message.timestamp)}>
          <Markdown text={entry.message.content} />
        </div>
      );
  }
});

export function LiveRow({ text }: { text: string }) {
  return (
    <div className={classes.said} data-live aria-live="off">
      {text}
      <span className={classes.caret} aria-hidden />
    </div>
  );
}

function ActionRow({ entry, onAction }: { entry: ActionEntry; onAction: (id: string) => void }) {
  const { tool, arguments: input } = startOf(entry);
  const failure = failureOf(entry);
  const failed = failure !== null;
  const end = failure ?? successOf(entry);
  return (
    <UnstyledButton
      className={classes.action}
      data-failed={failed || undefined}
      style={{ paddingInlineStart: 8 + entry.depth * 20 }}
      onClick={() => onAction(entry.key)}
    >
      {!entry.ended && <IconLoader2 size={16} className="turns" aria-label="running" role="img" />}
      {entry.ended && !failed && <IconCircleCheckFilled size={16} aria-label="done" role="img" />}
      {failed && <IconCircleXFilled size={16} aria-label="failed" role="img" />}
      <code>{tool}</code>
      <span className={classes.brief}>{brief(failure?.error.message ?? input)}</span>
      <span className={classes.took}>{end ? duration(end.duration_seconds) : "running"}</span>
    </UnstyledButton>
  );
}

function NoteRow({ entry: { message } }: { entry: MessageEntry }) {
  const bad = message.type === "plan_failed" || message.type === "error_message";
  const Icon = bad ? IconAlertTriangle : IconFlag;
  const text = message.type === "plan_started" ? "The team has its steps" : message.content;
  return (
    <div className={classes.note} data-bad={bad || undefined} title={exact(message.timestamp)}>
      <Icon size={14} aria-hidden />
      <span>{text}</span>
    </div>
  );
}

function ReportRow({ entry: { message } }: { entry: MessageEntry }) {
  return (
    <article className={classes.report} aria-label="Report">
      <Markdown text={message.content} />
    </article>
  );
}

function AskedRow({ entry }: { entry: MessageEntry }) {
  const Icon = entry.kind === "approval" ? IconHandStop : IconMessageCircleQuestion;
  return (
    <div className={classes.asked}>
      <Icon size={16} aria-hidden />
      <div>
        <Text size="sm">{entry.kind === "approval" ? "Asked for approval of the steps" : entry.message.content}</Text>
        <Text size="sm" c="var(--quiet)">
          {answerOf(entry)}
        </Text>
      </div>
    </div>
  );
}

function answerOf({ kind, answer }: MessageEntry): string {
  if (!answer) return "Not answered yet";
  if (kind === "question") return `${answer.agent_name}: ${payloadOf<"user_clarification_response">(answer).answer}`;
  const { approved, feedback } = payloadOf<"plan_approval_response">(answer);
  return `${approved ? "Approved" : "Rejected"} by ${answer.agent_name}${feedback ? `: ${feedback}` : ""}`;
}

function brief(value: unknown): string {
  if (typeof value === "string") return value.slice(0, 200);
  return Object.entries(value as Record<string, unknown>)
    .map(([name, each]) => `${name} ${typeof each === "string" ? each : JSON.stringify(each)}`)
    .join(" · ")
    .slice(0, 200);
}
